// Named subscriptions: the service keeps their places.
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

constexpr int64_t kSecondsOfADay = int64_t{24} * 60 * 60;

constexpr char kFooter[] =
    R"(Needs a principal with the role MONITOR. A subscription is its owner's alone.

Examples:
  supervisionctl subscriptions create night-shift --min-risk medium --from earliest
  supervisionctl watch --subscription night-shift
  supervisionctl subscriptions get night-shift
  supervisionctl subscriptions list
  supervisionctl subscriptions update night-shift --region 3304
  supervisionctl subscriptions delete night-shift)";

struct Flags {
  std::string name;
  FilterFlags filter;
  std::string from = "latest";
  int retention_days = 0;
  std::string etag;
  bool any_filter = false;  // update: one of the filter's flags was given
  bool retention = false;   // update: --retention-days was given
  bool force = false;
  bool json = false;
};

// One "name  value" a line.
std::string Describe(Session& session, const v1::Subscription& subscription) {
  const auto line = [&](const Text& name, const std::string& value) {
    return session.Say(name) + "  " + value + "\n";
  };
  std::string text = line({"name", "名称"}, Printable(subscription.name()));
  text += line({"filter", "条件"}, ToJson(subscription.filter()));
  text += line({"etag", "etag"}, Printable(subscription.etag()));
  text += line({"created", "创建时间"}, TimeText(subscription.created_at()));
  text += line({"acknowledged", "最近确认"},
               subscription.has_acknowledged_at() ? TimeText(subscription.acknowledged_at()) : "-");
  if (subscription.has_expires_at()) {
    text += line({"expires", "失效时间"}, TimeText(subscription.expires_at()));
  }
  const v1::SubscriptionConnection& connection = subscription.connection();
  return text + line({"connected", "连接"},
                     subscription.has_connection()
                         ? TimeText(connection.since()) + " " + Printable(connection.replica())
                         : "-");
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
  std::string text = Describe(session, response->subscription());
  text += session.Say({"behind", "滞后"}) + "  " + std::to_string(lag.alerts()) +
          (lag.more() ? "+" : "");
  if (lag.has_age()) {
    text += ", " + std::to_string(lag.age().seconds()) + " s, " + Printable(lag.oldest_alert_id());
  }
  session.Print(text + "\n");
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
               session.Say({"ACKNOWLEDGED", "最近确认"}), session.Say({"CONNECTED", "连接"})});
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
                 one.has_connection() ? one.connection().replica() : "-"});
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
  request.set_etag(flags.etag);
  if (flags.etag.empty()) {
    v1::GetSubscriptionRequest read;
    read.set_name(flags.name);
    const auto found = client->GetSubscription(read);
    if (!found.ok()) return session.Fail(found.status());
    request.set_etag(found->subscription().etag());
  }
  if (flags.any_filter) *request.mutable_filter() = *filter;
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
  flags->filter.AddTo(*create);
  create->add_option("--from", flags->from, "Where it begins: earliest, latest or a cursor")
      ->capture_default_str();
  retention(create);
  json(create);
  json(Add(*parent, "get", "How far it is behind, and who reads it", session, run, flags, Get));
  json(Add(*parent, "list", "Yours, by name", session, run, flags, List));

  auto* const update =
      Add(*parent, "update", "Change its conditions; the place stays", session, run, flags, Update);
  flags->filter.AddTo(*update);
  auto* const days = retention(update);
  update->add_option("--etag", flags->etag, "The etag it must have; none: as it stands");
  json(update);
  update->callback([&session, &run, flags, update, days] {
    flags->retention = days->count() > 0;
    for (const char* const flag : {"--scenario", "--min-risk", "--region", "--unit", "--filter"}) {
      flags->any_filter = flags->any_filter || update->get_option(flag)->count() > 0;
    }
    run = [&session, flags] { return Update(session, *flags); };
  });

  auto* const remove =
      Add(*parent, "delete", "Delete it with its place", session, run, flags, Delete);
  remove->add_flag("--force", flags->force, "Also while somebody reads it");
}

}  // namespace supervision::cli
