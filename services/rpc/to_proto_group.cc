#include "services/domain/alert_policy.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {

v1::AlertGroup ToProto(const domain::AlertGroup& group) {
  v1::AlertGroup proto;
  proto.set_route(group.route);
  proto.set_title_zh(group.title_zh);
  proto.set_title_en(group.title_en);
  for (const domain::AlertGroup::KeyPart& part : group.key) {
    v1::GroupKeyPart* const one = proto.add_key();
    one->set_name(part.name);
    one->set_value(part.value);
  }
  for (const std::string& clue_id : group.members) {
    proto.add_member_alert_ids(domain::AlertIdOf(clue_id));
  }
  for (const domain::AlertGroup::Link& link : group.links) {
    v1::MatterLink* const one = proto.add_links();
    one->set_by(static_cast<v1::LinkedBy>(link.by));
    one->set_distance(link.distance);
    one->set_partner(link.partner);
  }
  proto.set_members(group.total);
  *proto.mutable_window_start() = ToProto(group.from);
  *proto.mutable_window_end() = ToProto(group.to);
  proto.set_measured(group.measured);
  proto.set_limit(group.limit);
  proto.set_usual(group.usual);
  proto.set_arithmetic_zh(group.arithmetic_zh);
  proto.set_arithmetic_en(group.arithmetic_en);
  *proto.mutable_due_at() = ToProto(group.due_at);
  proto.set_late(group.late);
  return proto;
}

}  // namespace supervision::rpc
