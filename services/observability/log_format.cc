#include "services/observability/log_format.h"

#include <array>
#include <charconv>
#include <cmath>

#include "services/base/utf8.h"

namespace supervision::observability {
namespace {

void AppendUnicodeEscape(unsigned value, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kDigits[(value >> shift) & 0xF]);
}

// In double quotes, with everything escaped that a reader of lines or of JSON would stumble over:
// C0 and C1 controls, the line separators of Unicode, and bytes that are not UTF-8 (as U+FFFD).
void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    const size_t length = base::Utf8SequenceLength(text);
    const std::string_view sequence = text.substr(0, length);
    const unsigned char lead = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      AppendUnicodeEscape(0xFFFD, out);
    } else if (lead == '"' || lead == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(lead));
    } else if (lead < 0x20 || lead == 0x7F) {
      AppendUnicodeEscape(lead, out);
    } else if (lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) {
      AppendUnicodeEscape(static_cast<unsigned char>(text[1]), out);
    } else if (sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9") {
      AppendUnicodeEscape(sequence == "\xE2\x80\xA8" ? 0x2028 : 0x2029, out);
    } else {
      out->append(sequence);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out->push_back('"');
}

// Words that need no quotes in the text form.
bool IsPlain(std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("._:/+-@,[]").find(c) != std::string_view::npos;
    if (!plain) return false;
  }
  return !text.empty();
}

template <typename Number>
void AppendNumber(Number value, std::string* out) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

void AppendValue(const Logger::Field& field, bool json, std::string* out) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (!json && IsPlain(*text)) {
      out->append(*text);
    } else {
      AppendQuoted(*text, out);
    }
  } else if (const auto* integer = std::get_if<int64_t>(&field.value)) {
    AppendNumber(*integer, out);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    if (std::isfinite(*real)) {
      AppendNumber(*real, out);
    } else {
      out->append("null");  // JSON has no other word for it
    }
  } else {
    out->append(std::get<bool>(field.value) ? "true" : "false");
  }
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace

std::string_view Name(Logger::Level level) {
  switch (level) {
    case Logger::Level::kDebug:
      return "debug";
    case Logger::Level::kInfo:
      return "info";
    case Logger::Level::kWarning:
      return "warning";
    case Logger::Level::kError:
      return "error";
  }
  return "error";
}

std::string FormatEvent(Logger::Format format, Logger::Level level, absl::Time time,
                        std::string_view event, std::initializer_list<Logger::Field> fields) {
  const bool json = format == Logger::Format::kJson;
  std::string line;
  if (json) {
    line = "{\"time\":\"" + TimeText(time) + "\",\"level\":\"";
    line.append(Name(level)).append("\",\"event\":");
    AppendQuoted(event, &line);
  } else {
    line = TimeText(time);
    line.push_back(' ');
    for (const char c : Name(level)) line.push_back(static_cast<char>(c - 'a' + 'A'));
    line.push_back(' ');
    AppendValue({"event", event}, /*json=*/false, &line);
  }
  for (const Logger::Field& field : fields) {
    line.push_back(json ? ',' : ' ');
    if (json || !IsPlain(field.name)) {
      AppendQuoted(field.name, &line);
    } else {
      line.append(field.name);
    }
    line.push_back(json ? ':' : '=');
    AppendValue(field, json, &line);
  }
  if (json) line.push_back('}');
  return line;
}

}  // namespace supervision::observability
