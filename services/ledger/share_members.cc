#include "services/ledger/share_members.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/ledger/subscription_codec.h"

namespace supervision::ledger {
namespace {

constexpr char kListOf[] = "c:";  // before the member's name
constexpr char kListMark[] = "0:";

}  // namespace

ShareMembers MembersOf(const redis::Reply& hash, int64_t now_millis) {
  ShareMembers members;
  absl::flat_hash_set<absl::string_view> alive;
  for (size_t i = 0; i + 1 < hash.elements.size(); i += 2) {
    const absl::string_view name = hash.elements[i].text;
    const std::vector<absl::string_view> words =
        absl::StrSplit(absl::string_view(hash.elements[i + 1].text), ':');
    int64_t until = 0;
    int consumers = 0;
    if (absl::StartsWith(name, kListOf) || words.size() != 2 ||
        !absl::SimpleAtoi(words[0], &until) || !absl::SimpleAtoi(words[1], &consumers) ||
        until <= now_millis) {
      continue;
    }
    alive.insert(name);
    members.consumers += consumers;
  }
  members.replicas = static_cast<int>(alive.size());
  for (size_t i = 0; i + 1 < hash.elements.size(); i += 2) {
    absl::string_view name = hash.elements[i].text;
    absl::string_view bytes = hash.elements[i + 1].text;
    if (!absl::ConsumePrefix(&name, kListOf) || !absl::ConsumePrefix(&bytes, kListMark) ||
        !alive.contains(name)) {
      continue;
    }
    std::optional<std::vector<Subscription::Connection>> consumers =
        DecodeConsumers(std::string_view(bytes.data(), bytes.size()));
    if (!consumers.has_value()) continue;
    for (Subscription::Connection& one : *consumers) members.shown.push_back(std::move(one));
  }
  std::sort(members.shown.begin(), members.shown.end(), [](const auto& a, const auto& b) {
    return std::tie(a.since, a.replica, a.address) < std::tie(b.since, b.replica, b.address);
  });
  if (members.shown.size() > kMostShownConsumers) members.shown.resize(kMostShownConsumers);
  return members;
}

}  // namespace supervision::ledger
