#include "services/rpc/subscription_proto.h"

#include <algorithm>
#include <utility>

#include "services/rpc/convert_time.h"
#include "services/rpc/parse.h"
#include "services/rpc/sharing_proto.h"

namespace supervision::rpc {
namespace {

constexpr size_t kMaxNameCharacters = 64;
constexpr absl::Duration kMinRetention = absl::Hours(1);
constexpr absl::Duration kMaxRetention = absl::Hours(24 * 365);
constexpr int kMaxWindowAlerts = 10'000;
constexpr int kDefaultWindowAlerts = 256;
constexpr int64_t kMaxWindowBytes = int64_t{64} << 20;
constexpr int64_t kDefaultWindowBytes = int64_t{4} << 20;

bool MayStandInName(char c) {
  const bool ascii = static_cast<unsigned char>(c) < 0x80;
  return !ascii || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         c == '_' || c == '-' || c == '.';
}

// Nobody but its owner can connect to a subscription.
v1::SubscriptionConnection ConnectionOf(const ledger::Subscription::Connection& connection,
                                        const std::string& owner) {
  v1::SubscriptionConnection proto;
  *proto.mutable_since() = ToProto(connection.since);
  proto.set_replica(connection.replica);
  proto.set_principal(owner);
  proto.set_address(connection.address);
  proto.set_in_hand(connection.in_hand);
  proto.set_silent(connection.silent);
  return proto;
}

// Of UTF-8.
size_t Characters(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

void ValidateSubscriptionName(const std::string& name, std::string_view path,
                              Violations* violations) {
  if (!name.empty() && Characters(name) <= kMaxNameCharacters &&
      std::all_of(name.begin(), name.end(), MayStandInName)) {
    return;
  }
  violations->push_back({std::string(path),
                         "is no name; write 1 to 64 letters, digits, '_', '-' or '.'",
                         "订阅名称有误；应为 1 至 64 个文字、数字、下划线、连字符或句点"});
}

absl::Duration RetentionOf(bool given, const google::protobuf::Duration& proto,
                           std::string_view path, Violations* violations) {
  if (!given) return absl::ZeroDuration();
  const std::optional<absl::Duration> retention = FromProto(proto);
  if (retention == absl::ZeroDuration()) return absl::ZeroDuration();
  if (!retention.has_value() || *retention < kMinRetention || *retention > kMaxRetention) {
    violations->push_back({std::string(path),
                           "is out of range; write 1 hour to 365 days, or 0 for ever",
                           "保留期超出范围；应为 1 小时至 365 天，0 表示永久保留"});
    return absl::ZeroDuration();
  }
  return *retention;
}

alerting::DeliveryBook::Window WindowOf(const v1::FlowWindow& proto, std::string_view path,
                                        Violations* violations) {
  if (proto.alerts() < 0 || proto.alerts() > kMaxWindowAlerts) {
    violations->push_back({JoinPath(path, "alerts"),
                           "is out of range; write 1 to 10,000, or 0 for 256",
                           "窗口条数超出范围；应为 1 至 10000，0 表示 256"});
  }
  if (proto.bytes() < 0 || proto.bytes() > kMaxWindowBytes) {
    violations->push_back({JoinPath(path, "bytes"),
                           "is out of range; write at most 67108864, or 0 for 4194304",
                           "窗口字节数超出范围；最大 67108864，0 表示 4194304"});
  }
  const int alerts = proto.alerts() == 0 ? kDefaultWindowAlerts : proto.alerts();
  const int64_t bytes = proto.bytes() == 0 ? kDefaultWindowBytes : proto.bytes();
  return {static_cast<size_t>(std::max(alerts, 1)),
          static_cast<size_t>(std::max<int64_t>(bytes, 1))};
}

v1::AlertFilter ToProto(const domain::Filter& filter) {
  v1::AlertFilter proto;
  for (size_t number = 0; number < filter.scenarios.size(); ++number) {
    if (filter.scenarios.test(number)) proto.add_scenarios(static_cast<v1::Scenario>(number));
  }
  proto.set_min_risk(static_cast<v1::Risk>(filter.min_risk));
  proto.set_region_prefix(filter.region_prefix);
  proto.set_unit(filter.unit);
  proto.set_expression(filter.expression.text());
  for (size_t number = 0; number < filter.states.size(); ++number) {
    if (filter.states.test(number)) proto.add_states(static_cast<v1::AlertState>(number));
  }
  proto.set_owner(filter.owner);
  return proto;
}

v1::Subscription ToProto(const ledger::Subscription& subscription) {
  v1::Subscription proto;
  proto.set_name(subscription.key.name);
  *proto.mutable_filter() = ToProto(subscription.filter);
  *proto.mutable_retention() = ToProto(subscription.retention);
  proto.set_etag(subscription.etag);
  *proto.mutable_created_at() = ToProto(subscription.created_at);
  if (subscription.acknowledged_at.has_value()) {
    *proto.mutable_acknowledged_at() = ToProto(*subscription.acknowledged_at);
  }
  if (subscription.connection.has_value()) {
    *proto.mutable_connection() = ConnectionOf(*subscription.connection, subscription.key.owner);
  }
  for (const ledger::Subscription::Connection& one : subscription.consumers) {
    *proto.add_consumers() = ConnectionOf(one, subscription.key.owner);
  }
  proto.set_mode(subscription.sharing.has_value() ? v1::SUBSCRIPTION_MODE_SHARED
                                                  : v1::SUBSCRIPTION_MODE_EXCLUSIVE);
  if (subscription.sharing.has_value()) {
    *proto.mutable_sharing() = ToProto(*subscription.sharing);
  }
  if (subscription.expires_at.has_value()) {
    *proto.mutable_expires_at() = ToProto(*subscription.expires_at);
  }
  return proto;
}

v1::SubscriptionLag ToProto(const alerting::Lag& lag, absl::Time now) {
  v1::SubscriptionLag proto;
  proto.set_alerts(lag.alerts);
  proto.set_more(lag.more);
  proto.set_history_at_risk(lag.gap);
  if (lag.oldest_version == 0) return proto;
  *proto.mutable_age() = ToProto(std::max(now - lag.oldest_raised_at, absl::ZeroDuration()));
  proto.set_oldest_alert_id(lag.oldest_id);
  proto.set_oldest_version(lag.oldest_version);
  return proto;
}

}  // namespace supervision::rpc
