#include "services/ledger/group_codec.h"

#include <utility>

namespace supervision::ledger {

void PutGroup(const domain::AlertGroup& group, storage::v1::StoredGroup* stored) {
  storage::v1::StoredGroupWords words;
  words.set_title_zh(group.title_zh);
  words.set_title_en(group.title_en);
  for (const domain::AlertGroup::KeyPart& part : group.key) {
    words.add_names(part.name);
    words.add_values(part.value);
  }
  words.set_arithmetic_zh(group.arithmetic_zh);
  words.set_arithmetic_en(group.arithmetic_en);
  words.SerializeToString(stored->mutable_words()->mutable_data());
  stored->set_route(group.route);
  for (const std::string& member : group.members) stored->add_members(member);
  for (const domain::AlertGroup::Link& link : group.links) {
    storage::v1::StoredLink* const one = stored->add_links();
    one->set_by(static_cast<int32_t>(link.by));
    one->set_distance(link.distance);
    one->set_partner(link.partner);
  }
  stored->set_total(group.total);
  stored->set_from_micros(absl::ToUnixMicros(group.from));
  stored->set_to_micros(absl::ToUnixMicros(group.to));
  stored->set_measured(group.measured);
  stored->set_limit(group.limit);
  stored->set_usual(group.usual);
  stored->set_due_micros(absl::ToUnixMicros(group.due_at));
  stored->set_late(group.late);
  stored->set_group(group.digest);
  stored->set_ordinal(group.ordinal);
}

std::shared_ptr<const domain::AlertGroup> TakeGroup(const storage::v1::StoredGroup& stored) {
  storage::v1::StoredGroupWords words;
  if (stored.words().key_id() != 0 || !words.ParseFromString(stored.words().data()) ||
      words.names_size() != words.values_size()) {
    return nullptr;
  }
  auto group = std::make_shared<domain::AlertGroup>();
  group->route = stored.route();
  group->title_zh = words.title_zh();
  group->title_en = words.title_en();
  for (int i = 0; i < words.names_size(); ++i) {
    group->key.push_back({words.names(i), words.values(i)});
  }
  group->members = {stored.members().begin(), stored.members().end()};
  for (const storage::v1::StoredLink& link : stored.links()) {
    group->links.push_back(
        {static_cast<domain::LinkBy>(link.by()), link.distance(), link.partner()});
  }
  group->total = stored.total();
  group->from = absl::FromUnixMicros(stored.from_micros());
  group->to = absl::FromUnixMicros(stored.to_micros());
  group->measured = stored.measured();
  group->limit = stored.limit();
  group->usual = stored.usual();
  group->arithmetic_zh = words.arithmetic_zh();
  group->arithmetic_en = words.arithmetic_en();
  group->due_at = absl::FromUnixMicros(stored.due_micros());
  group->late = stored.late();
  group->digest = stored.group();
  group->ordinal = stored.ordinal();
  return group;
}

}  // namespace supervision::ledger
