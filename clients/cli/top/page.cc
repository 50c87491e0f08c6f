#include "clients/cli/top/page.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "clients/cli/json.h"
#include "clients/cli/top/number_text.h"
#include "clients/cpp/error.h"

namespace supervision::cli {
namespace {

// So that a label and four cells fit into 80 columns.
constexpr size_t kLabelColumns = 14;
constexpr size_t kCellColumns = 16;
constexpr size_t kNameColumns = 26;
constexpr size_t kNumberColumns = 14;
constexpr size_t kBars = 48;

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}
absl::Time ToAbsl(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

// From where and where to.
std::string ConnectionText(const v1::SubscriptionConnection& connection) {
  if (connection.address().empty()) return Printable(connection.replica());
  return absl::StrCat(Printable(connection.address()), " ", Printable(connection.replica()));
}

// A value, what it is, and whether it should be zero.
Span Cell(const std::string& value, const std::string& what, bool bad = false) {
  return {value + " " + what, bad ? Style::kYellow : Style::kPlain};
}

Line Cells(const std::string& label, std::vector<Span> cells) {
  Line line = {{Padded(label, kLabelColumns), Style::kBold}};
  for (Span& cell : cells) {
    cell.text = Padded(cell.text, kCellColumns - 1) + " ";
    line.push_back(std::move(cell));
  }
  return line;
}

class Page {
 public:
  Page(const Session& session, const Shown& shown) : session_(session), shown_(shown) {}

  std::vector<Line> Draw() {
    Head();
    if (!shown_.look.trouble.ok()) {
      lines_.push_back({{Printable(Why(shown_.look.trouble)), Style::kRed}});
    }
    if (shown_.look.service.has_value()) {
      for (const std::string& reason : shown_.look.service->not_ready_because()) {
        lines_.push_back({{Printable(reason), Style::kRed}});
      }
      lines_.emplace_back();
      Service(*shown_.look.service);
      History();
      Owners(shown_.look.service->figures().subscriptions());
    }
    if (shown_.look.subscriptions.has_value()) Subscriptions(*shown_.look.subscriptions);
    return std::move(lines_);
  }

 private:
  std::string Say(const Text& text) const { return session_.Say(text); }
  std::string Why(const absl::Status& status) const {
    const client::Error error = client::ErrorOf(status);
    const bool chinese = session_.language() == Language::kChinese && !error.chinese.empty();
    return chinese ? error.chinese : error.english;
  }
  std::string Rate(double Rates::*rate) const {
    return shown_.rates.has_value() ? RateText((*shown_.rates).*rate) : "-";
  }
  std::string Latency(std::optional<double> Rates::*latency) const {
    return shown_.rates.has_value() ? LatencyText((*shown_.rates).*latency) : "-";
  }

  void Head() {
    Line line = {{Printable(session_.server()), Style::kBold}};
    const auto add = [&](std::string text, Style style = Style::kPlain) {
      line.push_back({"  ", Style::kPlain});
      line.push_back({std::move(text), style});
    };
    if (shown_.look.service.has_value()) {
      const v1::GetStatusResponse& service = *shown_.look.service;
      add(Printable(service.version()));
      add(service.ready() ? Say({"ready", "就绪"}) : Say({"not ready", "未就绪"}),
          service.ready() ? Style::kGreen : Style::kRed);
      add(Say({"up ", "已运行 "}) +
          SpanText(ToAbsl(service.figures().at()) - ToAbsl(service.started_at())));
    } else if (!shown_.look.trouble.ok()) {
      add(Say({"no answer", "无应答"}), Style::kRed);
    }
    add(absl::FormatTime("%H:%M:%S", shown_.look.at, absl::LocalTimeZone()), Style::kDim);
    lines_.push_back(std::move(line));
  }

  void Service(const v1::GetStatusResponse& service) {
    const v1::Figures& figures = service.figures();
    const auto add = [&](const Text& label, std::vector<Span> cells) {
      lines_.push_back(Cells(Say(label), std::move(cells)));
    };
    const v1::IntakeFigures& intake = figures.intake();
    add({"INTAKE", "接收"},
        {Cell(Rate(&Rates::accepted), Say({"clues/s", "线索/秒"})),
         Cell(Rate(&Rates::refused), Say({"refused/s", "拒绝/秒"}),
              shown_.rates.has_value() && shown_.rates->refused > 0),
         Cell(CountText(intake.under_way_clues()), Say({"under way", "处理中"})),
         Cell("p99", Latency(&Rates::intake_p99))});
    const v1::LedgerFigures& ledger = figures.ledger();
    add({"LEDGER", "台账"}, {Cell(Rate(&Rates::commits), Say({"commits/s", "提交/秒"})),
                             Cell(CountText(ledger.queued_changes()), Say({"queued", "排队"})),
                             Cell(CountText(ledger.tail_lag_entries()), Say({"not told", "未推送"}),
                                  ledger.tail_lag_entries() > 0),
                             Cell("p99", Latency(&Rates::commit_p99))});
    const v1::StreamFigures& streams = figures.streams();
    add({"STREAMS", "数据流"},
        {Cell(Rate(&Rates::told), Say({"alerts/s", "预警/秒"})),
         Cell(CountText(streams.open()), Say({"open", "打开"})),
         Cell(absl::StrCat(CountText(streams.catching_up()), "/", CountText(streams.parked())),
              Say({"behind/slow", "追赶/滞后"}), streams.parked() > 0),
         Cell("p99", Latency(&Rates::wake_p99))});
    const v1::SubscriptionFigures& subscriptions = figures.subscriptions();
    add({"SUBSCRIPTIONS", "订阅"},
        {Cell(Rate(&Rates::delivered), Say({"alerts/s", "预警/秒"})),
         Cell(CountText(subscriptions.connections()), Say({"connected", "连接"})),
         Cell(CountText(subscriptions.unacknowledged_alerts()), Say({"not acked", "未确认"}))});
    const v1::RouteFigures& routes = figures.routes();
    add({"ROUTES", "路由"}, {Cell(Rate(&Rates::route_alerts), Say({"alerts/s", "预警/秒"})),
                             Cell(CountText(routes.groups()), Say({"groups", "分组"})),
                             Cell(CountText(routes.waiting_alerts()), Say({"waiting", "待发"})),
                             {routes.holding() ? Say({"followed here", "由本副本执行"})
                                               : Say({"not followed here", "本副本未执行"}),
                              Style::kDim}});
    add({"PEOPLE", "人工"},
        {Cell(CountText(ledger.review_waiting_clues()), Say({"to review", "待复核"})),
         Cell(CountText(ledger.silences_active()), Say({"silences", "静默"}))});
    int64_t log_bytes = 0;
    for (const auto& one : service.ledger().partitions()) log_bytes += one.log_bytes();
    const v1::RedisStatus& redis = service.redis();
    add({"REDIS", "Redis"},
        {redis.connected() ? Span{Say({"connected", "已连接"})}
                           : Span{Say({"away", "已断开"}), Style::kRed},
         redis.durable() ? Span{Say({"durable", "持久化有保证"})}
                         : Span{Say({"not durable", "持久化不足"}), Style::kYellow},
         Cell(BytesText(redis.used_memory_bytes()), Say({"memory", "内存"})),
         Cell(BytesText(log_bytes), Say({"log", "日志"}))});
  }

  void History() {
    lines_.emplace_back();
    const auto bars = [&](const Text& label, const std::vector<double>& values) {
      const double most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
      lines_.push_back({{Padded(Say(label), kLabelColumns), Style::kBold},
                        {Bars(values, kBars) + " ", Style::kGreen},
                        {Say({"most ", "最高 "}) + RateText(most), Style::kDim}});
    };
    bars({"clues/s", "线索/秒"}, shown_.accepted);
    bars({"alerts/s", "预警/秒"}, shown_.told);
  }

  void Heading(const std::vector<Text>& columns) {
    lines_.emplace_back();
    Line line;
    for (size_t i = 0; i < columns.size(); ++i) {
      line.push_back(
          {Padded(Say(columns[i]), i == 0 ? kNameColumns : kNumberColumns), Style::kBold});
    }
    lines_.push_back(std::move(line));
  }
  static Line RowOf(const std::string& name, const std::vector<Span>& cells) {
    Line line = {{Padded(Shortened(Printable(name), kNameColumns - 1), kNameColumns)}};
    for (const Span& cell : cells) line.push_back({Padded(cell.text, kNumberColumns), cell.style});
    return line;
  }

  void Owners(const v1::SubscriptionFigures& figures) {
    if (figures.owners().empty()) return;
    Heading({{"OWNER", "所有者"},
             {"CONNECTED", "连接"},
             {"NOT ACKED", "未确认"},
             {"BEHIND", "滞后"},
             {"OLDEST", "最早"}});
    for (const v1::OwnerFigures& owner : figures.owners()) {
      const bool behind = owner.behind_entries() > 0;
      lines_.push_back(RowOf(owner.owner(),
                             {{CountText(owner.connections())},
                              {CountText(owner.unacknowledged_alerts())},
                              {owner.has_behind_entries() ? CountText(owner.behind_entries()) : "-",
                               behind && owner.connections() == 0 ? Style::kYellow : Style::kPlain},
                              {behind ? SpanText(ToAbsl(owner.oldest_unread())) : "-"}}));
    }
  }

  void Subscriptions(const std::vector<v1::GetSubscriptionResponse>& subscriptions) {
    Heading({{"SUBSCRIPTION", "我的订阅"},
             {"BEHIND", "滞后"},
             {"OLDEST", "最早"},
             {"CONNECTED", "连接"}});
    for (const v1::GetSubscriptionResponse& one : subscriptions) {
      const v1::SubscriptionLag& lag = one.lag();
      const bool connected = one.subscription().has_connection();
      const bool danger = lag.history_ends_soon() || lag.history_at_risk();
      lines_.push_back(RowOf(
          one.subscription().name(),
          {{CountText(lag.alerts()) + (lag.more() ? "+" : ""), danger ? Style::kRed
                                                               : lag.alerts() > 0 && !connected
                                                                   ? Style::kYellow
                                                                   : Style::kPlain},
           {lag.has_age() ? SpanText(ToAbsl(lag.age())) : "-"},
           {connected ? ConnectionText(one.subscription().connection()) : "-"}}));
    }
    if (subscriptions.empty()) lines_.push_back({{Say({"none", "无"}), Style::kDim}});
    if (shown_.look.more_subscriptions) {
      lines_.push_back({{Say({"and more", "等"}), Style::kDim}});
    }
    Shared(subscriptions);
  }

  // What consumers do with those that they share.
  void Shared(const std::vector<v1::GetSubscriptionResponse>& subscriptions) {
    bool any = false;
    for (const v1::GetSubscriptionResponse& one : subscriptions) {
      if (!one.has_sharing()) continue;
      if (!std::exchange(any, true)) {
        Heading({{"SHARED", "分担订阅"},
                 {"CONSUMERS", "处理方"},
                 {"IN HAND", "处理中"},
                 {"AGAIN", "待重投"},
                 {"DEAD", "死信"}});
      }
      const v1::SharingState& state = one.sharing();
      const bool nobody = state.consumers() == 0 && one.lag().alerts() > 0;
      lines_.push_back(
          RowOf(one.subscription().name(),
                {{CountText(state.consumers()), nobody ? Style::kYellow : Style::kPlain},
                 {CountText(state.handed_over())},
                 {CountText(state.waiting())},
                 {CountText(state.dead_letters()), state.halted()             ? Style::kRed
                                                   : state.dead_letters() > 0 ? Style::kYellow
                                                                              : Style::kPlain}}));
    }
  }

  const Session& session_;
  const Shown& shown_;
  std::vector<Line> lines_;
};

// Columns of what is no terminal.
struct Column {
  Text head;
  size_t width;
};
constexpr std::array<Column, 12> kColumns = {{{{"TIME", "时间"}, 8},
                                              {{"CLUES/S", "线索/秒"}, 9},
                                              {{"REFUSED/S", "拒绝/秒"}, 9},
                                              {{"P99", "P99"}, 7},
                                              {{"QUEUED", "排队"}, 7},
                                              {{"ALERTS/S", "预警/秒"}, 9},
                                              {{"UNTOLD", "未推送"}, 7},
                                              {{"STREAMS", "数据流"}, 7},
                                              {{"BEHIND", "追赶"}, 6},
                                              {{"SLOW", "滞后"}, 5},
                                              {{"NOT-ACKED", "未确认"}, 9},
                                              {{"READY", "就绪"}, 5}}};

std::string Aligned(const std::array<std::string, kColumns.size()>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t width = WidthOf(cells[i]);
    if (i > 0) line += " ";
    line.append(kColumns[i].width > width ? kColumns[i].width - width : 0, ' ').append(cells[i]);
  }
  return line + "\n";
}

std::string SubscriptionWords(const Session& session, const Look& look) {
  std::string line;
  for (const v1::GetSubscriptionResponse& one : *look.subscriptions) {
    const v1::SubscriptionLag& lag = one.lag();
    absl::StrAppend(&line, "  ", Printable(one.subscription().name()), " ", CountText(lag.alerts()),
                    lag.more() ? "+" : "");
    if (lag.has_age()) absl::StrAppend(&line, " (", SpanText(ToAbsl(lag.age())), ")");
  }
  return line.empty() ? "  " + session.Say({"no subscription", "无订阅"}) : line;
}

std::string Number(std::optional<double> value) {
  return value.has_value() ? absl::StrFormat("%.6g", *value) : "null";
}

std::string RatesJson(const Rates& rates) {
  return JsonObject({{"over_seconds", Number(absl::ToDoubleSeconds(rates.over))},
                     {"accepted", Number(rates.accepted)},
                     {"refused", Number(rates.refused)},
                     {"commits", Number(rates.commits)},
                     {"told", Number(rates.told)},
                     {"delivered", Number(rates.delivered)},
                     {"route_alerts", Number(rates.route_alerts)},
                     {"intake_p50_seconds", Number(rates.intake_p50)},
                     {"intake_p99_seconds", Number(rates.intake_p99)},
                     {"commit_p50_seconds", Number(rates.commit_p50)},
                     {"commit_p99_seconds", Number(rates.commit_p99)},
                     {"wake_p99_seconds", Number(rates.wake_p99)}});
}

}  // namespace

std::vector<Line> PageOf(const Session& session, const Shown& shown) {
  return Page(session, shown).Draw();
}

std::string RowHead(const Session& session) {
  std::array<std::string, kColumns.size()> cells;
  for (size_t i = 0; i < cells.size(); ++i) cells[i] = session.Say(kColumns[i].head);
  return Aligned(cells);
}

std::string Row(const Session& session, const Look& look, const std::optional<Rates>& rates) {
  const std::string time = absl::FormatTime("%H:%M:%S", look.at, absl::LocalTimeZone());
  if (!look.trouble.ok()) {
    return time + "  " + Printable(client::ErrorOf(look.trouble).english) + "\n";
  }
  if (!look.service.has_value()) return time + SubscriptionWords(session, look) + "\n";
  const v1::Figures& figures = look.service->figures();
  const auto rate = [&](double Rates::*of) {
    return rates.has_value() ? RateText((*rates).*of) : "-";
  };
  return Aligned({time, rate(&Rates::accepted), rate(&Rates::refused),
                  LatencyText(rates.has_value() ? rates->intake_p99 : std::nullopt),
                  CountText(figures.ledger().queued_changes()), rate(&Rates::told),
                  CountText(figures.ledger().tail_lag_entries()),
                  CountText(figures.streams().open()), CountText(figures.streams().catching_up()),
                  CountText(figures.streams().parked()),
                  CountText(figures.subscriptions().unacknowledged_alerts()),
                  look.service->ready() ? session.Say({"yes", "是"}) : session.Say({"no", "否"})});
}

std::string JsonOf(const Look& look, const std::optional<Rates>& rates) {
  std::vector<std::pair<std::string, std::string>> members = {
      {"at", JsonQuote(absl::FormatTime(absl::RFC3339_sec, look.at, absl::UTCTimeZone()))}};
  if (!look.trouble.ok()) members.emplace_back("error", ToJson(client::ErrorOf(look.trouble)));
  if (look.service.has_value()) {
    members.emplace_back("status", ToJson(*look.service));
    members.emplace_back("rates", rates.has_value() ? RatesJson(*rates) : "null");
  }
  if (look.subscriptions.has_value()) {
    std::string all;
    for (const v1::GetSubscriptionResponse& one : *look.subscriptions) {
      all += (all.empty() ? "" : ",") + ToJson(one);
    }
    members.emplace_back("subscriptions", "[" + all + "]");
  }
  return JsonObject(members) + "\n";
}

std::string Bars(const std::vector<double>& values, size_t most) {
  constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const size_t begin = values.size() > most ? values.size() - most : 0;
  double greatest = 0;
  for (size_t i = begin; i < values.size(); ++i) greatest = std::max(greatest, values[i]);
  std::string bars;
  for (size_t i = begin; i < values.size(); ++i) {
    const double share = greatest > 0 ? values[i] / greatest : 0;
    bars += kBars[std::min(static_cast<size_t>(share * kBars.size()), kBars.size() - 1)];
  }
  return bars;
}

}  // namespace supervision::cli
