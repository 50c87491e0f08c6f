#include "services/rpc/utf8_locator.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "services/base/utf8.h"
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
    if (base::IsUtf8(text) || result_->found.size() >= limit_) return;
    result_->found.push_back(
        {PathOf(step), static_cast<size_t>(text.data() - begin_), text.size()});
  }

  const char* const begin_;
  const size_t limit_;
  BadTexts* const result_;
};

}  // namespace

BadTexts LocateInvalidUtf8(std::string_view wire, const Descriptor& descriptor, size_t limit) {
  BadTexts result;
  Walk(wire.data(), limit, &result).Message(wire, descriptor, nullptr, 0);
  return result;
}

}  // namespace supervision::rpc
