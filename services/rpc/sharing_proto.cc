#include "services/rpc/sharing_proto.h"

#include <algorithm>
#include <string>
#include <vector>

#include "services/rpc/convert_time.h"
#include "services/rpc/parse.h"

namespace supervision::rpc {
namespace {

constexpr absl::Duration kMinLease = absl::Seconds(5);
constexpr absl::Duration kMaxLease = absl::Hours(12);
constexpr int kMaxAttempts = 100;
constexpr absl::Duration kMaxMinDelay = absl::Hours(1);
constexpr absl::Duration kMaxDelay = absl::Hours(24);
constexpr int kMaxInFlight = 10'000;
constexpr int kMaxReasonCharacters = 200;

struct Range {
  absl::Duration least;
  absl::Duration most;
  absl::Duration standard;
};

absl::Duration DurationOf(bool given, const google::protobuf::Duration& proto, const Range& range,
                          std::string path, const char* english, const char* chinese,
                          Violations* violations) {
  if (!given) return range.standard;
  const std::optional<absl::Duration> value = FromProto(proto);
  if (value == absl::ZeroDuration()) return range.standard;
  if (value.has_value() && *value >= range.least && *value <= range.most) return *value;
  violations->push_back({std::move(path), english, chinese});
  return range.standard;
}

int NumberOf(int value, int most, int standard, std::string path, const char* english,
             const char* chinese, Violations* violations) {
  if (value >= 0 && value <= most) return value == 0 ? standard : value;
  violations->push_back({std::move(path), english, chinese});
  return standard;
}

}  // namespace

ledger::SharingRules FromProto(const v1::SharingRules& proto, std::string_view path,
                               Violations* violations) {
  const ledger::SharingRules standard;
  ledger::SharingRules rules;
  rules.lease = DurationOf(proto.has_lease(), proto.lease(), {kMinLease, kMaxLease, standard.lease},
                           JoinPath(path, "lease"),
                           "is out of range; write 5 seconds to 12 hours, or nothing for 1 minute",
                           "处理时限超出范围；应为 5 秒至 12 小时，不填表示 1 分钟", violations);
  rules.max_attempts =
      NumberOf(proto.max_attempts(), kMaxAttempts, standard.max_attempts,
               JoinPath(path, "max_attempts"), "is out of range; write 1 to 100, or 0 for 5",
               "投递次数上限超出范围；应为 1 至 100，0 表示 5", violations);
  rules.min_delay = DurationOf(proto.has_min_delay(), proto.min_delay(),
                               {absl::Milliseconds(1), kMaxMinDelay, standard.min_delay},
                               JoinPath(path, "min_delay"),
                               "is out of range; write at most 1 hour, or nothing for 5 seconds",
                               "重投间隔下限超出范围；最长 1 小时，不填表示 5 秒", violations);
  rules.max_delay = DurationOf(
      proto.has_max_delay(), proto.max_delay(),
      {rules.min_delay, kMaxDelay, std::max(standard.max_delay, rules.min_delay)},
      JoinPath(path, "max_delay"),
      "is out of range; write min_delay to 24 hours, or nothing for 10 minutes",
      "重投间隔上限超出范围；应不小于 min_delay 且不超过 24 小时，不填表示 10 分钟", violations);
  rules.max_in_flight = NumberOf(proto.max_in_flight(), kMaxInFlight, standard.max_in_flight,
                                 JoinPath(path, "max_in_flight"),
                                 "is out of range; write 1 to 10,000, or 0 for 1,000",
                                 "在途预警上限超出范围；应为 1 至 10000，0 表示 1000", violations);
  return rules;
}

std::optional<ledger::SharingRules> SharingOf(v1::SubscriptionMode mode, bool given,
                                              const v1::SharingRules& proto, std::string_view path,
                                              Violations* violations) {
  if (mode == v1::SUBSCRIPTION_MODE_SHARED) {
    return FromProto(proto, JoinPath(path, "sharing"), violations);
  }
  if (mode > v1::SUBSCRIPTION_MODE_SHARED || mode < v1::SUBSCRIPTION_MODE_UNSPECIFIED) {
    violations->push_back({JoinPath(path, "mode"), "is no mode; write EXCLUSIVE or SHARED",
                           "订阅模式未知；请使用 EXCLUSIVE（独占）或 SHARED（分担）"});
  } else if (given) {
    violations->push_back({JoinPath(path, "sharing"),
                           "is for shared subscriptions; set mode to SHARED, or leave it out",
                           "仅分担模式可设置；请将 mode 设为 SHARED，或不填此项"});
  }
  return std::nullopt;
}

v1::SharingRules ToProto(const ledger::SharingRules& rules) {
  v1::SharingRules proto;
  *proto.mutable_lease() = ToProto(rules.lease);
  proto.set_max_attempts(rules.max_attempts);
  *proto.mutable_min_delay() = ToProto(rules.min_delay);
  *proto.mutable_max_delay() = ToProto(rules.max_delay);
  proto.set_max_in_flight(rules.max_in_flight);
  return proto;
}

v1::SharingState ToProto(const ledger::ShareState& state) {
  v1::SharingState proto;
  proto.set_consumers(state.consumers);
  proto.set_replicas(state.members);
  proto.set_handed_over(static_cast<int32_t>(state.handed_over.size()));
  proto.set_waiting(static_cast<int32_t>(state.waiting.size()));
  proto.set_redeliveries(state.redeliveries);
  proto.set_dead_letters(static_cast<int32_t>(state.dead_letters));
  proto.set_halted(state.dead_letters >= ledger::kMostDeadLetters);
  return proto;
}

ledger::Progress ProgressOf(const ledger::ShareState& state) {
  ledger::Progress progress{state.place, {}};
  progress.beyond.resize(state.place.positions.size());
  for (const auto& [partition, position] : state.beyond) {
    const auto p = static_cast<size_t>(partition);
    if (p < progress.beyond.size()) progress.beyond[p].push_back(position);
  }
  for (std::vector<int64_t>& positions : progress.beyond) {
    std::sort(positions.begin(), positions.end());
  }
  return progress;
}

absl::Duration DelayOf(const v1::Rejection& proto, Violations* violations) {
  const auto characters = std::count_if(proto.reason().begin(), proto.reason().end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  if (characters > kMaxReasonCharacters) {
    violations->push_back({"reject.reason", "is too long; write at most 200 characters",
                           "退回原因过长；请不超过 200 个字符"});
  }
  return DurationOf(proto.has_delay(), proto.delay(),
                    {absl::Milliseconds(1), kMaxDelay, absl::ZeroDuration()}, "reject.delay",
                    "is out of range; write at most 24 hours, or nothing",
                    "退回间隔超出范围；最长 24 小时，也可不填", violations);
}

}  // namespace supervision::rpc
