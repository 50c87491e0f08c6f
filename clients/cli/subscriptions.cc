// Named subscriptions: the service keeps their places.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/commands.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/filter_text.h"
#include "clients/cli/json.h"
#include "clients/cli/lines.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

constexpr double kNanosOfASecond = 1e9;
constexpr int64_t kSecondsOfADay = int64_t{24} * 60 * 60;

constexpr char kFooter[] =
    R"(Needs a principal with the role MONITOR. A subscription is its owner's alone.

Examples:
  supervisionctl subscriptions create night-shift --min-risk medium --from earliest
  supervisionctl watch --subscription night-shift
  supervisionctl subscriptions get night-shift
  supervisionctl subscriptions list
  supervisionctl subscriptions update night-shift --region 3304
  supervisionctl subscriptions delete night-shift

Shared by several consumers, each with a part of the alerts:
  supervisionctl subscriptions create desk --shared --lease 120 --max-attempts 3
  supervisionctl watch --subscription desk --share --exec ./handle
  supervisionctl subscriptions dead-letters list desk
  supervisionctl subscriptions dead-letters replay desk)";

struct Flags {
  std::string name;
  FilterFlags filter;
  std::string from = "latest";
  int retention_days = 0;
  std::string etag;
  bool any_filter = false;  // update: one of the filter's flags was given
  bool retention = false;   // update: --retention-days was given
  bool force = false;
  bool shared = false;
  // Each sets one of the rules that was given.
  std::vector<std::function<void(v1::SharingRules&)>> rules;
  bool json = false;
};

// Since when, from where, as whom and where to.
std::string ConnectionText(const v1::SubscriptionConnection& connection) {
  std::string text = TimeText(connection.since());
  for (const std::string* const word :
       {&connection.principal(), &connection.address(), &connection.replica()}) {
    if (!word->empty()) text += " " + Printable(*word);
  }
  return text;
}

// Who reads one, in a cell.
std::string ConnectedText(const v1::Subscription& subscription) {
  if (!subscription.has_connection()) return "-";
  const v1::SubscriptionConnection& first = subscription.connection();
  std::string text = Printable(first.address().empty() ? first.replica() : first.address());
  if (const int consumers = subscription.consumers_size(); consumers > 1) {
    text += " +" + std::to_string(consumers - 1);
  }
  return text;
}

std::string SinceText(const v1::Subscription& subscription) {
  return subscription.has_connection() ? TimeText(subscription.connection().since()) : "-";
}

// How it is shared, for a person.
std::string SharingText(Session& session, const v1::SharingRules& rules) {
  const auto seconds = [](const google::protobuf::Duration& duration) {
    return absl::StrFormat(
        "%g s", static_cast<double>(duration.seconds()) + duration.nanos() / kNanosOfASecond);
  };
  return absl::StrCat(session.Say({"lease ", "租期 "}), seconds(rules.lease()),
                      session.Say({", again after ", "，重投间隔 "}), seconds(rules.min_delay()),
                      session.Say({" to ", " 至 "}), seconds(rules.max_delay()),
                      session.Say({", handed over at most ", "，最多投递 "}), rules.max_attempts(),
                      session.Say({" times, under way at most ", " 次，在途最多 "}),
                      rules.max_in_flight());
}

constexpr size_t kNameColumns = 17;

// One "name  value" a line.
std::string Describe(Session& session, const v1::Subscription& subscription) {
  const bool shared = subscription.mode() == v1::SUBSCRIPTION_MODE_SHARED;
  const std::string filter = FilterText(subscription.filter());
  Lines lines(session, kNameColumns);
  lines.Add({"name", "名称"}, Printable(subscription.name()))
      .Add({"filter", "条件"}, filter.empty() ? session.Say({"none", "无"}) : filter)
      .Add({"etag", "etag"}, Printable(subscription.etag()))
      .Add({"created", "创建时间"}, TimeText(subscription.created_at()))
      .Add({"acknowledged", "最近确认"},
           subscription.has_acknowledged_at() ? TimeText(subscription.acknowledged_at()) : "-")
      .Add({"expires", "失效时间"},
           subscription.has_expires_at() ? TimeText(subscription.expires_at()) : "")
      .Add({"shared", "分担"}, shared ? SharingText(session, subscription.sharing()) : "");
  if (!shared || subscription.consumers().empty()) {
    lines.Add({"connected", "连接"},
              subscription.has_connection() ? ConnectionText(subscription.connection()) : "-");
  }
  for (const v1::SubscriptionConnection& one : subscription.consumers()) {
    lines.Add({"consumer", "处理方"},
              ConnectionText(one) + session.Say({", in hand ", "，处理中 "}) +
                  std::to_string(one.in_hand()) +
                  (one.silent() ? session.Say({", silent", "，无响应"}) : ""));
  }
  return lines.text();
}

std::string DescribeSharing(Session& session, const v1::SharingState& state) {
  return Lines(session, kNameColumns)
      .Add({"consumers", "处理方合计"}, std::to_string(state.consumers()))
      .Add({"in hand", "处理中"}, std::to_string(state.handed_over()))
      .Add({"waiting", "待重投"}, std::to_string(state.waiting()))
      .Add({"handed over again", "累计重投"}, std::to_string(state.redeliveries()))
      .Add({"dead letters", "死信"}, std::to_string(state.dead_letters()))
      .text();
}

// How many alerts it is behind, for how long, and since which.
std::string DescribeLag(Session& session, const v1::SubscriptionLag& lag) {
  std::string text = absl::StrCat(lag.alerts(), lag.more() ? "+" : "");
  if (lag.has_age()) {
    absl::StrAppend(&text, session.Say({" alerts, ", " 条预警，"}), lag.age().seconds(), " s");
  }
  return Lines(session, kNameColumns)
      .Add({"behind", "滞后"}, text)
      .Add({"oldest", "最早未确认"}, Printable(lag.oldest_alert_id()))
      .text();
}

int Told(Session& session, const v1::Subscription& subscription, bool json) {
  session.Print(json ? ToJson(subscription) + "\n" : Describe(session, subscription));
  return kOk;
}

int Create(Session& session, const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(filter.status().message()));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::CreateSubscriptionRequest request;
  request.mutable_subscription()->set_name(flags.name);
  *request.mutable_subscription()->mutable_filter() = *filter;
  request.mutable_subscription()->mutable_retention()->set_seconds(flags.retention_days *
                                                                   kSecondsOfADay);
  if (flags.shared) {
    request.mutable_subscription()->set_mode(v1::SUBSCRIPTION_MODE_SHARED);
    for (const auto& set : flags.rules) set(*request.mutable_subscription()->mutable_sharing());
  }
  if (flags.from == "earliest") {
    request.set_start_from(v1::START_FROM_EARLIEST);
  } else if (flags.from == "latest") {
    request.set_start_from(v1::START_FROM_LATEST);
  } else {
    request.set_cursor(flags.from);
  }
  const auto response = client->CreateSubscription(request);
  if (!response.ok()) return session.Fail(response.status());
  return Told(session, response->subscription(), flags.json);
}

int Get(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::GetSubscriptionRequest request;
  request.set_name(flags.name);
  const auto response = client->GetSubscription(request);
  if (!response.ok()) return session.Fail(response.status());
  if (flags.json) {
    session.Print(ToJson(*response) + "\n");
    return kOk;
  }
  const v1::SubscriptionLag& lag = response->lag();
  std::string text = Describe(session, response->subscription()) + DescribeLag(session, lag);
  if (response->has_sharing()) text += DescribeSharing(session, response->sharing());
  session.Print(text);
  if (response->sharing().halted()) {
    session.Note(session.Say({"nothing is handed over: replay or drop dead letters",
                              "已停止投递：请先重投或丢弃部分死信"}));
  }
  if (lag.history_at_risk()) {
    session.Note(session.Say(
        {"history that it has not acknowledged is gone", "部分尚未确认的历史已被清理"}));
  }
  if (lag.history_ends_soon()) {
    session.Note(
        session.Say({"history that it has not acknowledged is about to be trimmed; read it",
                     "部分尚未确认的历史即将被清理，请尽快接收"}));
  }
  return kOk;
}

int List(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Table table({session.Say({"NAME", "名称"}), session.Say({"CREATED", "创建时间"}),
               session.Say({"ACKNOWLEDGED", "最近确认"}), session.Say({"CONNECTED", "连接"}),
               session.Say({"SINCE", "连接时间"})});
  v1::ListSubscriptionsRequest request;
  do {
    const auto page = client->ListSubscriptions(request);
    if (!page.ok()) return session.Fail(page.status());
    for (const v1::Subscription& one : page->subscriptions()) {
      if (flags.json) {
        session.Print(ToJson(one) + "\n");
        continue;
      }
      table.Add({one.name(), TimeText(one.created_at()),
                 one.has_acknowledged_at() ? TimeText(one.acknowledged_at()) : "-",
                 ConnectedText(one), SinceText(one)});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!flags.json) session.Print(table.Text());
  return kOk;
}

int Update(Session& session, const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(filter.status().message()));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::UpdateSubscriptionRequest request;
  request.set_name(flags.name);
  v1::GetSubscriptionRequest read;
  read.set_name(flags.name);
  const auto found = client->GetSubscription(read);
  if (!found.ok()) return session.Fail(found.status());
  request.set_etag(flags.etag.empty() ? found->subscription().etag() : flags.etag);
  if (flags.any_filter) *request.mutable_filter() = *filter;
  if (!flags.rules.empty()) {
    // The service takes the rules as a whole: those that were not given stay.
    *request.mutable_sharing() = found->subscription().sharing();
    for (const auto& set : flags.rules) set(*request.mutable_sharing());
  }
  if (flags.retention) {
    request.mutable_retention()->set_seconds(flags.retention_days * kSecondsOfADay);
  }
  const auto response = client->UpdateSubscription(request);
  if (!response.ok()) return session.Fail(response.status());
  return Told(session, response->subscription(), flags.json);
}

int Delete(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::DeleteSubscriptionRequest request;
  request.set_name(flags.name);
  request.set_force(flags.force);
  const auto response = client->DeleteSubscription(request);
  if (!response.ok()) return session.Fail(response.status());
  session.Print(session.Say({"deleted\n", "已删除\n"}));
  return kOk;
}

// How a shared one is shared; what is not given is the service's to choose, or stays.
void AddRules(CLI::App* command, const std::shared_ptr<Flags>& flags) {
  const auto seconds = [&](const char* name, const char* help,
                           google::protobuf::Duration* (v1::SharingRules::*mutable_field)()) {
    command
        ->add_option_function<double>(
            name,
            [flags, mutable_field](const double& given) {
              flags->rules.emplace_back([mutable_field, given](v1::SharingRules& rules) {
                google::protobuf::Duration* const duration = (rules.*mutable_field)();
                duration->set_seconds(static_cast<int64_t>(given));
                duration->set_nanos(static_cast<int32_t>(
                    (given - static_cast<double>(duration->seconds())) * kNanosOfASecond));
              });
            },
            help)
        ->check(CLI::NonNegativeNumber);
  };
  seconds("--lease", "Shared: seconds for which an alert is its consumer's; 0: 60",
          &v1::SharingRules::mutable_lease);
  seconds("--min-delay", "Shared: seconds before the second hand-over, doubled for each; 0: 5",
          &v1::SharingRules::mutable_min_delay);
  seconds("--max-delay", "Shared: seconds of the longest delay; 0: 600",
          &v1::SharingRules::mutable_max_delay);
  const auto number = [&](const char* name, const char* help,
                          void (v1::SharingRules::*set_field)(int32_t)) {
    command->add_option_function<int>(
        name,
        [flags, set_field](const int& given) {
          flags->rules.emplace_back(
              [set_field, given](v1::SharingRules& rules) { (rules.*set_field)(given); });
        },
        help);
  };
  number("--max-attempts", "Shared: hand-overs of an alert before it is a dead letter; 0: 5",
         &v1::SharingRules::set_max_attempts);
  number("--max-in-flight", "Shared: alerts under way, of all consumers together; 0: 1000",
         &v1::SharingRules::set_max_in_flight);
}

// A subcommand with a name that runs `action`.
CLI::App* Add(CLI::App& parent, const std::string& word, const std::string& help, Session& session,
              Run& run, const std::shared_ptr<Flags>& flags,
              int (*action)(Session&, const Flags&)) {
  auto* const command = parent.add_subcommand(word, help);
  if (word != "list") {
    command->add_option("name", flags->name, "Name of the subscription")->required();
  }
  command->callback([&session, &run, flags, action] {
    run = [&session, flags, action] { return action(session, *flags); };
  });
  return command;
}

}  // namespace

void AddSubscriptions(CLI::App& app, Session& session, Run& run) {
  auto* const parent =
      app.add_subcommand("subscriptions", "Subscriptions by name, whose places the service keeps");
  parent->require_subcommand(1);
  parent->footer(kFooter);
  const auto flags = std::make_shared<Flags>();
  const auto retention = [&](CLI::App* command) {
    return command
        ->add_option("--retention-days", flags->retention_days,
                     "It is deleted when nobody has read it for so many days; 0: never")
        ->check(CLI::Range(0, 365));
  };
  const auto json = [&](CLI::App* command) {
    command->add_flag("--json", flags->json, "Print JSON");
  };

  auto* const create = Add(*parent, "create", "Make one", session, run, flags, Create);
  create->add_flag("--shared", flags->shared,
                   "Several consumers at once, each with a part of the alerts");
  flags->filter.AddTo(*create);
  create->add_option("--from", flags->from, "Where it begins: earliest, latest or a cursor")
      ->capture_default_str();
  retention(create);
  AddRules(create, flags);
  json(create);
  json(Add(*parent, "get", "How far it is behind, and who reads it", session, run, flags, Get));
  json(Add(*parent, "list", "Yours, by name", session, run, flags, List));

  auto* const update =
      Add(*parent, "update",
          "Change its conditions, which are then those given here and no others, or single rules "
          "of sharing; the place stays",
          session, run, flags, Update);
  flags->filter.AddTo(*update);
  auto* const days = retention(update);
  update->add_option("--etag", flags->etag, "The etag it must have; none: as it stands");
  AddRules(update, flags);
  json(update);
  update->callback([&session, &run, flags, update, days] {
    flags->retention = days->count() > 0;
    for (const char* const flag : {"--scenario", "--min-risk", "--region", "--unit", "--filter"}) {
      flags->any_filter = flags->any_filter || update->get_option(flag)->count() > 0;
    }
    run = [&session, flags] { return Update(session, *flags); };
  });

  AddDeadLetters(*parent, session, run);

  auto* const remove =
      Add(*parent, "delete", "Delete it with its place", session, run, flags, Delete);
  remove->add_flag("--force", flags->force, "Also while somebody reads it");
}

}  // namespace supervision::cli
