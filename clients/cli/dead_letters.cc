// What consumers of shared subscriptions could not deal with.
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

struct Flags {
  std::string name;
  std::vector<std::string> ids;
  bool json = false;
};

int List(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Table table({session.Say({"ID", "编号"}), session.Say({"ALERT", "预警"}),
               session.Say({"ATTEMPTS", "投递次数"}), session.Say({"DIED", "成为死信"}),
               session.Say({"REASON", "原因"})});
  v1::ListDeadLettersRequest request;
  request.set_subscription(flags.name);
  do {
    const auto page = client->ListDeadLetters(request);
    if (!page.ok()) return session.Fail(page.status());
    for (const v1::DeadLetter& one : page->dead_letters()) {
      if (flags.json) {
        session.Print(ToJson(one) + "\n");
        continue;
      }
      table.Add({one.id(), one.alert_id().empty() ? "-" : one.alert_id(),
                 std::to_string(one.attempts()), TimeText(one.died_at()), Printable(one.reason())});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!flags.json) session.Print(table.Text());
  return kOk;
}

int Replay(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ReplayDeadLettersRequest request;
  request.set_subscription(flags.name);
  request.mutable_selection()->mutable_ids()->Add(flags.ids.begin(), flags.ids.end());
  const auto response = client->ReplayDeadLetters(request);
  if (!response.ok()) return session.Fail(response.status());
  if (flags.json) {
    session.Print(ToJson(*response) + "\n");
    return kOk;
  }
  session.Print(session.Say({"replayed", "已重投"}) + "  " + std::to_string(response->replayed()) +
                "\n");
  if (response->left() > 0) {
    session.Note(std::to_string(response->left()) + " " +
                 session.Say({"wait: as much is under way as may be; repeat this later",
                              "条未重投：在途预警已达上限，请稍后再试"}));
  }
  if (response->history_gone() > 0) {
    session.Note(std::to_string(response->history_gone()) + " " +
                 session.Say({"have no history any more; look them up, then drop them",
                              "条的历史已被清理，无法重投；请核对后丢弃"}));
  }
  return kOk;
}

int Drop(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::DropDeadLettersRequest request;
  request.set_subscription(flags.name);
  request.mutable_selection()->mutable_ids()->Add(flags.ids.begin(), flags.ids.end());
  const auto response = client->DropDeadLetters(request);
  if (!response.ok()) return session.Fail(response.status());
  session.Print(flags.json ? ToJson(*response) + "\n"
                           : session.Say({"dropped", "已丢弃"}) + "  " +
                                 std::to_string(response->dropped()) + "\n");
  return kOk;
}

}  // namespace

void AddDeadLetters(CLI::App& app, Session& session, Run& run) {
  auto* const parent = app.add_subcommand(
      "dead-letters", "What consumers of a shared subscription could not deal with");
  parent->require_subcommand(1);
  const auto flags = std::make_shared<Flags>();
  const auto add = [&](const char* word, const char* help, int (*action)(Session&, const Flags&)) {
    auto* const command = parent->add_subcommand(word, help);
    command->add_option("name", flags->name, "Name of the subscription")->required();
    command->add_flag("--json", flags->json, "Print JSON");
    command->callback([&session, &run, flags, action] {
      run = [&session, flags, action] { return action(session, *flags); };
    });
    return command;
  };
  add("list", "The oldest first", List);
  add("replay", "Have them handed over again, with all attempts anew", Replay)
      ->add_option("--id", flags->ids, "Only these");
  // Of all letters at once somebody would be sorry.
  add("drop", "Give them up", Drop)->add_option("--id", flags->ids, "Which")->required();
}

}  // namespace supervision::cli
