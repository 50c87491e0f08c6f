#include "services/rpc/utf8_locator.h"

#include <cstdint>
#include <cstring>
#include <map>

#include "absl/strings/str_cat.h"
#include "services/rpc/wire_reader.h"

namespace supervision::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// As deep as protobuf itself goes.
constexpr int kMaxDepth = 100;

// Where the walk stands: a chain from the innermost field outwards, turned into text only when
// something is found.
struct Step {
  const Step* outer = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;  // of a repeated field
};

std::string PathOf(const Step* step) {
  std::string path;
  for (; step != nullptr; step = step->outer) {
    std::string part = step->field->name();
    if (step->index >= 0) absl::StrAppend(&part, "[", step->index, "]");
    path = path.empty() ? part : absl::StrCat(part, ".", path);
  }
  return path;
}

class Walk {
 public:
  Walk(const char* begin, size_t limit, BadTexts* result)
      : begin_(begin), limit_(limit), result_(result) {}

  void Message(std::string_view wire, const Descriptor& descriptor, const Step* outer, int depth) {
    if (depth >= kMaxDepth) {
      result_->well_formed = false;
      return;
    }
    std::map<int, int> counts;  // how many of a repeated field have been seen
    WireReader reader(wire);
    while (result_->well_formed && reader.Next()) {
      const FieldDescriptor* const field =
          descriptor.FindFieldByNumber(static_cast<int>(reader.field().number));
      if (field == nullptr || reader.field().type != WireReader::Type::kBytes) continue;
      Step step{outer, field, field->is_repeated() ? counts[field->number()]++ : -1};
      if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
        Message(reader.field().bytes, *field->message_type(), &step, depth + 1);
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        Text(reader.field().bytes, &step);
      }
    }
    if (!reader.ok()) result_->well_formed = false;
  }

 private:
  void Text(std::string_view text, const Step* step) {
    if (IsUtf8(text) || result_->found.size() >= limit_) return;
    result_->found.push_back(
        {PathOf(step), static_cast<size_t>(text.data() - begin_), text.size()});
  }

  const char* const begin_;
  const size_t limit_;
  BadTexts* const result_;
};

// How many bytes the character that starts with `lead` has, and the range that its second byte must
// lie in; size 0 for what cannot start a character.
struct LeadByte {
  int size;
  unsigned char low;
  unsigned char high;
};
LeadByte Classify(unsigned char lead) {
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

bool IsUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    uint64_t eight = 0;
    if (end - at >= 8 && (std::memcpy(&eight, at, 8), (eight & 0x8080808080808080u) == 0)) {
      at += 8;
      continue;
    }
    if (*at < 0x80) {
      ++at;
      continue;
    }
    const LeadByte lead = Classify(*at);
    if (lead.size == 0 || end - at < lead.size) return false;
    if (at[1] < lead.low || at[1] > lead.high) return false;
    for (int i = 2; i < lead.size; ++i) {
      if ((at[i] & 0xC0) != 0x80) return false;
    }
    at += lead.size;
  }
  return true;
}

BadTexts LocateInvalidUtf8(std::string_view wire, const Descriptor& descriptor, size_t limit) {
  BadTexts result;
  Walk(wire.data(), limit, &result).Message(wire, descriptor, nullptr, 0);
  return result;
}

}  // namespace supervision::rpc
