// The conditions of lists and streams.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"

namespace supervision::rpc {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;
constexpr int kMostListed = 32;  // scenarios or states of one filter
constexpr size_t kMinRegionPrefix = 2;
constexpr size_t kMaxRegionPrefix = 9;
constexpr size_t kMaxUnitBytes = 800;  // 200 code points
constexpr size_t kMaxPartnerLength = 64;
constexpr size_t kMaxPrincipalLength = 64;
constexpr size_t kMaxPageTokenLength = 4096;
constexpr size_t kMaxIdLength = 128;
constexpr absl::Duration kMinLease = absl::Minutes(1);
constexpr absl::Duration kMaxLease = absl::Hours(8);
constexpr absl::Duration kDefaultLease = absl::Minutes(30);
constexpr absl::Duration kMinBookmarkInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxBookmarkInterval = absl::Seconds(60);

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// How many of a list are looked at. A longer one is one mistake, not as many as it has entries.
int CountListed(int size, std::string path, Violations* violations) {
  if (size <= kMostListed) return size;
  violations->push_back({std::move(path), "has more than 32 entries; name each value once",
                         "超过 32 项；每个值请只写一次"});
  return 0;
}

// The conditions that clues and alerts share.
template <typename Proto>
domain::Filter FilterFrom(const Proto& proto, std::string_view path, Violations* violations) {
  domain::Filter filter;
  const int scenarios =
      CountListed(proto.scenarios_size(), JoinPath(path, "scenarios"), violations);
  for (int i = 0; i < scenarios; ++i) {
    const int number = proto.scenarios(i);
    if (number <= 0 || !v1::Scenario_IsValid(number)) {
      violations->push_back({absl::StrCat(JoinPath(path, "scenarios"), "[", i, "]"),
                             "is no scenario; write one that ListScenarios names",
                             "子场景未知；请使用 ListScenarios 返回的值"});
      continue;
    }
    filter.scenarios.set(static_cast<size_t>(number));
  }
  if (!v1::Risk_IsValid(proto.min_risk())) {
    violations->push_back({JoinPath(path, "min_risk"), "is no risk; write LOW, MEDIUM or HIGH",
                           "风险等级未知；请使用 LOW、MEDIUM 或 HIGH"});
  } else {
    filter.min_risk = static_cast<domain::Risk>(proto.min_risk());
  }
  const std::string& prefix = proto.region_prefix();
  if (!prefix.empty() &&
      (prefix.size() < kMinRegionPrefix || prefix.size() > kMaxRegionPrefix || !IsDigits(prefix))) {
    violations->push_back({JoinPath(path, "region_prefix"),
                           "is no prefix of a region code; write 2 to 9 digits",
                           "区划代码前缀有误；应为 2 至 9 位数字"});
  }
  filter.region_prefix = prefix;
  if (proto.unit().size() > kMaxUnitBytes) {
    violations->push_back({JoinPath(path, "unit"), "is too long; write at most 200 characters",
                           "责任单位过长；最多 200 个字符"});
  }
  filter.unit = proto.unit();
  const auto expression = domain::ParseExpression(proto.expression());
  if (const auto* const error = std::get_if<domain::ExpressionError>(&expression)) {
    violations->push_back({JoinPath(path, "expression"),
                           absl::StrCat("column ", error->column, ": ", error->english),
                           absl::StrCat("第 ", error->column, " 列：", error->chinese)});
  } else {
    filter.expression = std::get<domain::Expression>(expression);
  }
  return filter;
}

std::optional<absl::Time> TimeFrom(bool given, const google::protobuf::Timestamp& timestamp,
                                   std::string_view field, Violations* violations) {
  if (!given) return std::nullopt;
  const std::optional<absl::Time> time = FromProto(timestamp);
  if (!time.has_value()) {
    violations->push_back({std::string(field), "is no time; write a valid Timestamp",
                           "时间无效；请使用有效的 Timestamp"});
  }
  return time;
}

template <typename Proto, typename Query>
void CopyPage(Proto* proto, Query* query, Violations* violations) {
  if (proto->page_size() < 0 || proto->page_size() > kMaxPageSize) {
    violations->push_back({"page_size", "is out of range; write 1 to 500, or 0 for 50",
                           "每页条数超出范围；应为 1 至 500，0 表示 50"});
  }
  query->page_size = proto->page_size() == 0 ? kDefaultPageSize : proto->page_size();
  if (proto->page_token().size() > kMaxPageTokenLength) {
    violations->push_back({"page_token", "is no page token; pass it exactly as it was returned",
                           "分页标记有误；请原样传回"});
  }
  query->page_token = std::move(*proto->mutable_page_token());
}

// Times and page, which lists of clues and alerts share too.
template <typename Proto>
void CopyTimesAndPage(Proto* proto, ledger::ListQuery* query, Violations* violations) {
  query->received_from =
      TimeFrom(proto->has_received_from(), proto->received_from(), "received_from", violations);
  query->received_before = TimeFrom(proto->has_received_before(), proto->received_before(),
                                    "received_before", violations);
  if (query->received_from && query->received_before &&
      *query->received_from >= *query->received_before) {
    violations->push_back({"received_before", "is not behind received_from; write a later time",
                           "结束时间不晚于开始时间；请改为更晚的时间"});
  }
  CopyPage(proto, query, violations);
}

}  // namespace

domain::Filter FromProto(const v1::AlertFilter& proto, std::string_view path,
                         Violations* violations) {
  domain::Filter filter = FilterFrom(proto, path, violations);
  const int states = CountListed(proto.states_size(), JoinPath(path, "states"), violations);
  for (int i = 0; i < states; ++i) {
    const int number = proto.states(i);
    if (number <= 0 || !v1::AlertState_IsValid(number)) {
      violations->push_back({absl::StrCat(JoinPath(path, "states"), "[", i, "]"),
                             "is no state of an alert; write OPEN, ACKNOWLEDGED or RESOLVED",
                             "预警状态未知；请使用 OPEN、ACKNOWLEDGED 或 RESOLVED"});
      continue;
    }
    filter.states.set(static_cast<size_t>(number));
  }
  if (proto.owner().size() > kMaxPrincipalLength) {
    violations->push_back({JoinPath(path, "owner"),
                           "is too long; a principal's id has at most 64 characters",
                           "承办人标识过长；最多 64 个字符"});
  }
  filter.owner = proto.owner();
  return filter;
}

ledger::ListQuery FromProto(v1::ListCluesRequest&& proto, Violations* violations) {
  ledger::ListQuery query;
  query.kind = ledger::ListQuery::Kind::kClues;
  query.filter = FilterFrom(proto, "", violations);
  if (proto.partner().size() > kMaxPartnerLength) {
    violations->push_back({"partner", "is too long; a partner's name has at most 64 characters",
                           "来源单位标识过长；最多 64 个字符"});
  }
  query.partner = std::move(*proto.mutable_partner());
  if (!v1::ClueState_IsValid(proto.state())) {
    violations->push_back({"state", "is no state; write ACTIVE or WITHDRAWN",
                           "线索状态未知；请使用 ACTIVE 或 WITHDRAWN"});
  } else {
    query.state = static_cast<domain::ClueState>(proto.state());
  }
  CopyTimesAndPage(&proto, &query, violations);
  return query;
}

ledger::ListQuery FromProto(v1::ListAlertsRequest&& proto, Violations* violations) {
  ledger::ListQuery query;
  query.kind = ledger::ListQuery::Kind::kAlerts;
  query.filter = FromProto(proto.filter(), "filter", violations);
  CopyTimesAndPage(&proto, &query, violations);
  return query;
}

ledger::ListQuery FromProto(v1::ListCorrectionsRequest&& proto, Violations* violations) {
  ledger::ListQuery query;
  query.filter = FromProto(proto.filter(), "filter", violations);
  CopyTimesAndPage(&proto, &query, violations);
  return query;
}

ledger::ReviewQuery FromProto(v1::ListReviewQueueRequest&& proto, Violations* violations) {
  ledger::ReviewQuery query;
  query.filter = FromProto(proto.filter(), "filter", violations);
  switch (proto.claims()) {
    case v1::REVIEW_CLAIMS_UNSPECIFIED:
      break;
    case v1::REVIEW_CLAIMS_FREE:
      query.claims = ledger::ReviewQuery::Claims::kFree;
      break;
    case v1::REVIEW_CLAIMS_MINE:
      query.claims = ledger::ReviewQuery::Claims::kMine;
      break;
    default:
      violations->push_back({"claims", "is unknown; write FREE or MINE, or leave it out for all",
                             "认领条件未知；请使用 FREE 或 MINE，不填表示全部"});
  }
  CopyPage(&proto, &query, violations);
  return query;
}

absl::Duration LeaseOf(const v1::ClaimReviewRequest& proto, Violations* violations) {
  if (!proto.has_lease()) return kDefaultLease;
  const std::optional<absl::Duration> lease = FromProto(proto.lease());
  if (!lease.has_value() || *lease < kMinLease || *lease > kMaxLease) {
    violations->push_back({"lease",
                           "is out of range; write 1 min to 8 h, or leave it out for 30 min",
                           "认领时长超出范围；应为 1 分钟至 8 小时，不填为 30 分钟"});
    return kDefaultLease;
  }
  return *lease;
}

void ValidateKey(const std::string& value, std::string_view path, Violations* violations) {
  if (!value.empty() && value.size() <= kMaxIdLength) return;
  violations->push_back({std::string(path), "is missing or too long; write 1 to 128 characters",
                         "缺失或过长；应为 1 至 128 个字符"});
}

absl::Duration BookmarkInterval(bool given, const google::protobuf::Duration& proto,
                                std::string_view path, Violations* violations) {
  if (!given) return absl::ZeroDuration();
  const std::optional<absl::Duration> interval = FromProto(proto);
  if (interval == absl::ZeroDuration()) return absl::ZeroDuration();
  if (!interval.has_value() || *interval < kMinBookmarkInterval ||
      *interval > kMaxBookmarkInterval) {
    violations->push_back({std::string(path),
                           "is out of range; write 0.1 s to 60 s, or 0 for the server's setting",
                           "间隔超出范围；应为 0.1 秒至 60 秒，0 表示采用服务端设置"});
    return absl::ZeroDuration();
  }
  return *interval;
}

}  // namespace supervision::rpc
