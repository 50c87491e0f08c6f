#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/pacer.h"
#include "clients/cli/reclassify_apply.h"
#include "clients/cli/render.h"
#include "clients/cli/table.h"
#include "clients/cli/time_text.h"
#include "clients/cli/verdict_change.h"
#include "services/config/rule_files.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Shows which clues of history would be sorted otherwise; what a person has decided is left alone. Without
--rules and --model the service's own set in force sorts; with one of them the set is put together here,
with what is not named from --config. The caller must be one that may read the texts.

With --apply the service then corrects those clues by its own set, as the system and with the set's
version; that takes a reviewer. Starting it again goes on where it ended. Exit code 5: some were left
because they changed meanwhile, are held by a reviewer, or their text is withheld.

Examples:
  supervisionctl reclassify --from 2026-01-01 --diff
  supervisionctl reclassify --from 2026-01-01 --to 2026-02-01 --rules new/rules --diff --json
  supervisionctl reclassify --from 2026-01-01 --model new/model.bin --diff --limit 1000
  supervisionctl reclassify --from 2026-01-01 --apply --yes --rate 50)";

struct Flags {
  std::string from;
  std::string to;
  std::string config = "deploy/config";
  std::string rules;
  std::string model;
  bool diff = false;
  bool apply = false;
  bool yes = false;
  bool json = false;
  int64_t limit = 0;  // 0: all
  double rate = 200;
  std::string page_token;
};

using Sorter = std::function<absl::StatusOr<v1::Verdict>(const v1::ClueContent&)>;

domain::Verdict SortWith(const classification::Classifier& classifier,
                         const v1::ClueContent& content) {
  std::vector<domain::Instrument> instruments;
  for (const v1::Instrument& one : content.instruments()) {
    domain::Instrument instrument;
    instrument.type = static_cast<domain::InstrumentType>(one.type());
    instrument.number = one.number();
    instruments.push_back(std::move(instrument));
  }
  classification::Input input{.title = content.title(), .content = content.content()};
  input.instruments = &instruments;
  if (content.has_persons_affected()) input.persons_affected = content.persons_affected();
  return classifier.Classify(input);
}

// The set that the flags name, or the one of the service.
absl::StatusOr<Sorter> MakeSorter(const Flags& flags, client::Client* client) {
  if (flags.rules.empty() && flags.model.empty()) {
    return Sorter([client](const v1::ClueContent& content) -> absl::StatusOr<v1::Verdict> {
      v1::ClassifyTextRequest request;
      request.set_title(content.title());
      request.set_content(content.content());
      *request.mutable_instruments() = content.instruments();
      if (content.has_persons_affected()) {
        request.set_persons_affected(content.persons_affected());
      }
      auto answer = client->Classify(request);
      if (!answer.ok()) return answer.status();
      return std::move(*answer->mutable_verdict());
    });
  }
  config::RuleFiles files;
  files.catalogue = flags.config + "/catalogue.yaml";
  files.rules = flags.rules.empty() ? flags.config + "/rules" : flags.rules;
  files.model = flags.model.empty() ? flags.config + "/model/model.bin" : flags.model;
  const auto set = config::LoadRuleFiles(files, absl::Now());
  if (!set.ok()) return set.status();
  return Sorter([classifier = set->classifier](const v1::ClueContent& content) {
    const domain::Verdict verdict = SortWith(*classifier, content);
    v1::Verdict proto;
    proto.set_scenario(static_cast<v1::Scenario>(verdict.scenario));
    proto.set_secondary_scenario(static_cast<v1::Scenario>(verdict.secondary));
    proto.set_confidence(verdict.confidence);
    proto.set_risk(static_cast<v1::Risk>(verdict.risk));
    proto.set_risk_score(verdict.risk_score);
    for (const std::string& code : verdict.problem_codes) proto.add_problem_codes(code);
    proto.set_needs_review(verdict.needs_review);
    proto.set_catalogue_version(verdict.catalogue_version);
    proto.set_rules_version(verdict.rules_version);
    return absl::StatusOr<v1::Verdict>(std::move(proto));
  });
}

std::string ShortText(Session& session, const v1::Verdict& verdict) {
  return absl::StrCat(session.ScenarioName(verdict.scenario()), " ", WordOf(verdict.risk()),
                      verdict.needs_review() ? session.Say({" review", " 待复核"}) : "");
}

std::string JsonOf(const VerdictChange& change) {
  const auto verdict = [](v1::Verdict one) {
    one.clear_evidence();
    return ToJson(one);
  };
  return JsonObject({{"clue_id", JsonQuote(change.clue_id)},
                     {"clue_version", absl::StrCat(change.clue_version)},
                     {"scenario_differs", change.scenario ? "true" : "false"},
                     {"risk_differs", change.risk ? "true" : "false"},
                     {"review_differs", change.review ? "true" : "false"},
                     {"before", verdict(change.before)},
                     {"after", verdict(change.after)}});
}

std::string JsonOf(const ChangeCounts& counts) {
  return JsonObject({{"clues", absl::StrCat(counts.clues)},
                     {"changed", absl::StrCat(counts.changed)},
                     {"scenario", absl::StrCat(counts.scenario)},
                     {"risk", absl::StrCat(counts.risk)},
                     {"raised", absl::StrCat(counts.raised)},
                     {"review", absl::StrCat(counts.review)},
                     {"decided", absl::StrCat(counts.decided)},
                     {"unreadable", absl::StrCat(counts.unreadable)}});
}

ApplyOptions OptionsOf(const Flags& flags) {
  return {.rate = flags.rate, .yes = flags.yes, .json = flags.json};
}

// Goes through history page by page and clue by clue, no faster than it may.
class Replay {
 public:
  Replay(Session& session, const Flags& flags, client::Client* client, Sorter sorter)
      : session_(session),
        flags_(flags),
        client_(client),
        sorter_(std::move(sorter)),
        pacer_(flags.rate),
        table_({session.Say({"CLUE", "线索"}), session.Say({"RECEIVED", "接收时间"}),
                session.Say({"BEFORE", "原研判"}), session.Say({"AFTER", "新研判"})}) {}

  int Run(v1::ListCluesRequest request) {
    request.set_page_size(100);
    request.set_state(v1::CLUE_STATE_ACTIVE);
    request.set_page_token(flags_.page_token);
    do {
      const auto page = client_->ListClues(request);
      if (!page.ok()) return Break(page.status(), request.page_token());
      for (const v1::ClueSummary& clue : page->clues()) {
        if (Enough()) break;
        const absl::Status status = One(clue);
        if (!status.ok()) return Break(status, request.page_token());
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty() && !Enough());
    Tell();
    if (!flags_.apply) return kOk;
    return ApplyChanges(session_, client_, std::move(pending_), OptionsOf(flags_));
  }

 private:
  bool Enough() const { return flags_.limit > 0 && seen_ >= flags_.limit; }

  absl::Status One(const v1::ClueSummary& summary) {
    pacer_.Wait();
    ++seen_;
    v1::GetClueRequest request;
    request.set_clue_id(summary.id());
    const auto clue = client_->GetClue(request);
    if (!clue.ok()) return clue.status();
    const v1::Correction& correction = clue->clue().correction();
    if (correction.by() == v1::CORRECTED_BY_PERSON) {
      ++counts_.decided;
      return absl::OkStatus();
    }
    if (clue->clue().content().content().empty()) {
      ++counts_.unreadable;
      return absl::OkStatus();
    }
    const auto after = sorter_(clue->clue().content());
    if (!after.ok()) return after.status();
    const v1::Verdict& stands =
        clue->clue().has_correction() ? correction.verdict() : clue->clue().verdict();
    const VerdictChange change =
        CompareVerdicts(summary.id(), clue->clue().version(), stands, *after);
    counts_.Add(change);
    if (!change.any()) return absl::OkStatus();
    if (flags_.apply) pending_.push_back({change, clue->clue().etag()});
    if (flags_.json) {
      session_.Print(JsonOf(change) + "\n");
    } else {
      table_.Add({change.clue_id, TimeText(clue->clue().received_at()),
                  ShortText(session_, change.before), ShortText(session_, change.after)});
    }
    return absl::OkStatus();
  }

  void Tell() {
    if (flags_.json) return session_.Print(JsonObject({{"counts", JsonOf(counts_)}}) + "\n");
    if (counts_.changed > 0) session_.Print(table_.Text() + "\n");
    Table table({session_.Say({"WHAT", "项目"}), session_.Say({"CLUES", "线索数"})});
    const auto row = [&](const Text& name, int64_t count) {
      table.Add({session_.Say(name), absl::StrCat(count)});
    };
    row({"compared", "已比较"}, counts_.clues);
    row({"would change", "将有变化"}, counts_.changed);
    row({"  in scenario", "  子场景"}, counts_.scenario);
    row({"  in risk", "  风险等级"}, counts_.risk);
    row({"  of these raised", "  其中升级"}, counts_.raised);
    row({"  in review", "  复核要求"}, counts_.review);
    row({"decided by a person", "已由人工认定"}, counts_.decided);
    row({"text withheld", "正文不可见"}, counts_.unreadable);
    session_.Print(table.Text());
  }

  int Break(const absl::Status& status, const std::string& page_token) {
    Tell();
    if (!page_token.empty()) {
      session_.Note(session_.Say({"go on with: --page-token ", "继续：--page-token "}) +
                    page_token);
    }
    return session_.Fail(status);
  }

  Session& session_;
  const Flags& flags_;
  client::Client* const client_;
  const Sorter sorter_;
  Pacer pacer_;
  Table table_;
  ChangeCounts counts_;
  std::vector<PendingChange> pending_;  // with --apply
  int64_t seen_ = 0;
};

int Reclassify(Session& session, const Flags& flags) {
  v1::ListCluesRequest request;
  for (const auto& [name, text] : {std::pair("--from", flags.from), {"--to", flags.to}}) {
    if (text.empty()) continue;
    const auto time = TimeFromText(text);
    if (!time.has_value()) {
      return session.FailUsage(
          {"wrong flag", "参数有误"},
          std::string(name) + ": write YYYY-MM-DD, YYYY-MM-DD HH:MM or RFC 3339");
    }
    *(std::string(name) == "--from" ? request.mutable_received_from()
                                    : request.mutable_received_before()) = *time;
  }
  if (flags.apply && !MayApply(session, OptionsOf(flags))) return kUsage;
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  auto sorter = MakeSorter(flags, client);
  if (!sorter.ok()) {
    return session.FailUsage({"the set cannot be used", "该规则集不可用"},
                             std::string(sorter.status().message()));
  }
  return Replay(session, flags, client, *std::move(sorter)).Run(std::move(request));
}

}  // namespace

void AddReclassify(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand(
      "reclassify", "Show which clues of history other rules would sort otherwise, and apply it");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--from", flags->from, "Clues accepted at or after this time")->required();
  command->add_option("--to", flags->to, "Clues accepted before this time");
  auto* const what = command->add_option_group("what");
  what->add_flag("--diff", flags->diff, "Show what would change");
  auto* const apply =
      what->add_flag("--apply", flags->apply, "Show it, ask, and correct by the set in force");
  what->require_option(1, 2);
  command->add_flag("--yes", flags->yes, "Do not ask")->needs(apply);
  command->add_option("--config", flags->config, "Folder of what --rules and --model do not name")
      ->capture_default_str();
  command->add_option("--rules", flags->rules, "Sort by the rules of this folder")->excludes(apply);
  command->add_option("--model", flags->model, "Sort by this model")->excludes(apply);
  command->add_option("--limit", flags->limit, "Look at no more clues than this; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--rate", flags->rate, "Clues a second at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--page-token", flags->page_token, "Go on where another call ended");
  command->add_flag("--json", flags->json, "One JSON object for each change, then the counts");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Reclassify(session, *flags); }; });
}

}  // namespace supervision::cli
