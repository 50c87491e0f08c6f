#include "services/ledger/carry.h"

#include <vector>

namespace supervision::ledger {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::UnknownFieldSet;
using storage::v1::StoredClue;
using storage::v1::StoredContent;
using storage::v1::StoredSummary;

bool Parse(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void CarryLasting(const Message& from, Message* to) {
  const UnknownFieldSet& unknown = from.GetReflection()->GetUnknownFields(from);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() < kFirstLastingField) continue;
    to->GetReflection()->MutableUnknownFields(to)->AddField(unknown.field(i));
  }
}

}  // namespace

bool HasLaterFields(const Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

void CarryAll(const Message& from, Message* to) {
  const UnknownFieldSet& unknown = from.GetReflection()->GetUnknownFields(from);
  if (!unknown.empty()) to->GetReflection()->MutableUnknownFields(to)->MergeFrom(unknown);
  std::vector<const FieldDescriptor*> fields;
  from.GetReflection()->ListFields(from, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        !to->GetReflection()->HasField(*to, field)) {
      continue;
    }
    CarryAll(from.GetReflection()->GetMessage(from, field),
             to->GetReflection()->MutableMessage(to, field));
  }
}

void Carry(const Replaced& replaced, storage::v1::StoredEvent* event) {
  StoredSummary before;
  if (replaced.summary.empty() || !Parse(replaced.summary, &before)) return;
  StoredSummary* const after = event->mutable_summary();
  if (event->has_previous()) CarryAll(before.facets(), event->mutable_previous());
  if (replaced.same_text) return CarryAll(before, after);
  CarryLasting(before, after);
  CarryLasting(before.facets(), after->mutable_facets());
  // What people did with the alert is not undone by another text.
  if (before.has_handling() && after->has_handling()) {
    CarryAll(before.handling(), after->mutable_handling());
  }
}

void CarryText(std::string_view before, StoredClue* version) {
  StoredClue was;
  StoredContent content;
  StoredContent now;
  if (before.empty() || !Parse(before, &was) || !Parse(was.content().data(), &content) ||
      !Parse(version->content().data(), &now)) {
    return;
  }
  content.set_withdraw_reason(now.withdraw_reason());
  content.set_request_id(now.request_id());
  version->mutable_content()->set_data(content.SerializeAsString());
  *version->mutable_verdict() = was.verdict();
  if (was.has_correction() && version->has_correction() &&
      was.correction().clue_version() == version->correction().clue_version()) {
    *version->mutable_correction() = was.correction();
  }
}

}  // namespace supervision::ledger
