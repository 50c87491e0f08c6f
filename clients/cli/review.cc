// The review queue: what waits, who holds it, and saying what a clue is.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/change.h"
#include "clients/cli/commands.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/review_corrections.h"
#include "clients/cli/table.h"
#include "clients/cpp/request_id.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] = R"(Needs a principal with the role REVIEWER.

Examples:
  supervisionctl review list --free
  supervisionctl review claim c00… --minutes 20
  supervisionctl get c00…
  supervisionctl review correct c00… --scenario judicial --risk medium --reason 属于法院执行问题
  supervisionctl review export > corrections.jsonl
  supervisionctl review agreement)";

struct ListFlags {
  FilterFlags filter;
  bool free = false;
  bool mine = false;
  int limit = 50;
  bool json = false;
};

int ListQueue(Session& session, const ListFlags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(filter.status().message()));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ListReviewQueueRequest request;
  *request.mutable_filter() = *filter;
  if (flags.free) request.set_claims(v1::REVIEW_CLAIMS_FREE);
  if (flags.mine) request.set_claims(v1::REVIEW_CLAIMS_MINE);
  Table table({session.Say({"ID", "编号"}), session.Say({"RECEIVED", "接收时间"}),
               session.Say({"RISK", "风险"}), session.Say({"MACHINE SAYS", "机器研判"}),
               session.Say({"SURE", "置信度"}), session.Say({"HELD BY", "认领人"}),
               session.Say({"TITLE", "标题"})});
  constexpr int kLargestPage = 500;
  int left = flags.limit;
  do {
    request.set_page_size(std::min(left, kLargestPage));
    const auto page = client->ListReviewQueue(request);
    if (!page.ok()) return session.Fail(page.status());
    for (const v1::ReviewItem& item : page->items()) {
      const v1::ClueSummary& clue = item.clue();
      if (flags.json) {
        session.Print(ToJson(item) + "\n");
      } else {
        table.Add({clue.id(), TimeText(clue.received_at()),
                   clue.risk() == v1::RISK_UNSPECIFIED ? "-" : WordOf(clue.risk()),
                   session.ScenarioName(clue.scenario()),
                   std::to_string(static_cast<int>(clue.confidence() * 100)) + " %",
                   item.has_claim() ? item.claim().holder() : "-", clue.title()});
      }
      --left;
    }
    request.set_page_token(page->next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (!flags.json) session.Print(table.Text());
  if (!request.page_token().empty()) {
    session.Note(session.Say({"more wait: raise --limit", "还有更多待复核：请加大 --limit"}));
  }
  return kOk;
}

struct ClaimFlags {
  std::string id;
  int minutes = 30;
  bool json = false;
};

int Claim(Session& session, const ClaimFlags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ClaimReviewRequest request;
  request.set_clue_id(flags.id);
  request.mutable_lease()->set_seconds(int64_t{60} * flags.minutes);
  const auto response = client->ClaimReview(request);
  if (!response.ok()) return session.Fail(response.status());
  const v1::ReviewItem& item = response->item();
  if (flags.json) {
    session.Print(ToJson(item) + "\n");
    return kOk;
  }
  session.Print(session.Say({"yours until ", "已认领至 "}) + TimeText(item.claim().until()) +
                "  etag " + Printable(item.etag()) + "\n");
  return kOk;
}

int Release(Session& session, const ClaimFlags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ReleaseReviewRequest request;
  request.set_clue_id(flags.id);
  const auto response = client->ReleaseReview(request);
  if (!response.ok()) return session.Fail(response.status());
  session.Print(session.Say({"given back\n", "已放弃认领\n"}));
  return kOk;
}

struct CorrectFlags {
  std::string id;
  std::string scenario;
  std::string secondary;
  std::string risk;
  std::vector<std::string> problems;
  std::string reason;
  ChangeFlags change;
};

// What the words say; a message for the first one that says nothing.
absl::StatusOr<v1::CorrectVerdictRequest> RequestOf(const CorrectFlags& flags) {
  v1::CorrectVerdictRequest request;
  const auto scenario = FromWord<v1::Scenario>(flags.scenario);
  if (!scenario.has_value()) {
    return absl::InvalidArgumentError("--scenario: one of " + WordsOf<v1::Scenario>());
  }
  request.set_scenario(*scenario);
  if (!flags.secondary.empty()) {
    const auto secondary = FromWord<v1::Scenario>(flags.secondary);
    if (!secondary.has_value()) {
      return absl::InvalidArgumentError("--secondary: one of " + WordsOf<v1::Scenario>());
    }
    request.set_secondary_scenario(*secondary);
  }
  if (!flags.risk.empty()) {
    const auto risk = FromWord<v1::Risk>(flags.risk);
    if (!risk.has_value()) {
      return absl::InvalidArgumentError("--risk: one of " + WordsOf<v1::Risk>());
    }
    request.set_risk(*risk);
  }
  for (const std::string& code : flags.problems) request.add_problem_codes(code);
  request.set_reason(flags.reason);
  request.set_clue_id(flags.id);
  request.set_etag(flags.change.etag);
  return request;
}

int Correct(Session& session, const CorrectFlags& flags) {
  auto request = RequestOf(flags);
  if (!request.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(request.status().message()));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  if (request->etag().empty()) {
    const auto clue = ReadClue(*client, flags.id);
    if (!clue.ok()) return session.Fail(clue.status());
    request->set_etag(clue->etag());
  }
  request->set_request_id(flags.change.request_id.empty() ? client::NewRequestId()
                                                          : flags.change.request_id);
  NoteChange(session, request->request_id(), request->etag());
  const auto response = client->CorrectVerdict(*request);
  if (!response.ok()) return session.Fail(response.status(), request->request_id());
  return TellReceipt(session, request->request_id(), response->receipt(), flags.change.json);
}

void AddListQueue(CLI::App& review, Session& session, Run& run) {
  auto* const command = review.add_subcommand("list", "What waits for a person, gravest first");
  const auto flags = std::make_shared<ListFlags>();
  flags->filter.AddTo(*command);
  auto* const free = command->add_flag("--free", flags->free, "Only what nobody holds");
  command->add_flag("--mine", flags->mine, "Only what you hold")->excludes(free);
  command->add_option("--limit", flags->limit, "At most this many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print JSON, one line each");
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return ListQueue(session, *flags); }; });
}

void AddClaims(CLI::App& review, Session& session, Run& run) {
  auto* const claim =
      review.add_subcommand("claim", "Take a clue for a while, or renew your claim on it");
  const auto flags = std::make_shared<ClaimFlags>();
  claim->add_option("id", flags->id, "Id of the clue")->required();
  claim->add_option("--minutes", flags->minutes, "For how long, 1 to 480")
      ->check(CLI::Range(1, 480))
      ->capture_default_str();
  claim->add_flag("--json", flags->json, "Print JSON");
  claim->callback(
      [&session, &run, flags] { run = [&session, flags] { return Claim(session, *flags); }; });

  auto* const release = review.add_subcommand("release", "Give a clue back");
  release->add_option("id", flags->id, "Id of the clue")->required();
  release->callback(
      [&session, &run, flags] { run = [&session, flags] { return Release(session, *flags); }; });
}

void AddCorrect(CLI::App& review, Session& session, Run& run) {
  auto* const command = review.add_subcommand(
      "correct", "Say what a clue is, beside the machine's word; the same class confirms it");
  const auto flags = std::make_shared<CorrectFlags>();
  command->add_option("id", flags->id, "Id of the clue")->required();
  command->add_option("--scenario", flags->scenario, "One of " + WordsOf<v1::Scenario>())
      ->required();
  command->add_option("--secondary", flags->secondary, "What it is besides");
  command->add_option("--risk", flags->risk,
                      "One of " + WordsOf<v1::Risk>() + "; not needed for out-of-scope");
  command->add_option("--problem", flags->problems, "Problem code such as ENF-24; may be repeated");
  command->add_option("--reason", flags->reason, "Why, without names")->required();
  flags->change.AddTo(*command);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Correct(session, *flags); }; });
}

}  // namespace

void AddReview(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("review", "Look at what the machine left in doubt");
  command->require_subcommand(1);
  command->footer(kFooter);
  AddListQueue(*command, session, run);
  AddClaims(*command, session, run);
  AddCorrect(*command, session, run);
  AddCorrections(*command, session, run);
}

}  // namespace supervision::cli
