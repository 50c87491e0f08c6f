#include "services/ledger/sealed_text.h"

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "services/base/hash.h"

namespace supervision::ledger {
namespace {

constexpr char kFormat = 1;
constexpr size_t kMacBytes = 8;
constexpr size_t kMaxTextLength = 16384;

std::string MacOf(std::string_view secret, std::string_view purpose, std::string_view body) {
  std::string data(purpose);
  data.push_back('\0');
  data.append(body);
  return base::Prefix(base::HmacSha256(secret, data), kMacBytes);
}

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string Seal(std::string_view secret, std::string_view purpose, std::string_view bytes) {
  std::string body(1, kFormat);
  body.append(bytes);
  body += MacOf(secret, purpose, body);
  return absl::WebSafeBase64Escape(body);
}

std::optional<Unsealed> Unseal(std::string_view secret, std::string_view purpose,
                               std::string_view text) {
  std::string body;
  if (text.size() > kMaxTextLength || !absl::WebSafeBase64Unescape(Absl(text), &body)) {
    return std::nullopt;
  }
  // One text per value: padding, spaces and stray bits make another one.
  if (absl::WebSafeBase64Escape(body) != Absl(text)) return std::nullopt;
  if (body.size() < 1 + kMacBytes || body.front() != kFormat) return std::nullopt;
  const std::string mac = body.substr(body.size() - kMacBytes);
  body.resize(body.size() - kMacBytes);
  const bool genuine = base::EqualInConstantTime(mac, MacOf(secret, purpose, body));
  return Unsealed{body.substr(1), genuine};
}

}  // namespace supervision::ledger
