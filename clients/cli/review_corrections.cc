#include "clients/cli/review_corrections.h"

#include <functional>
#include <memory>
#include <vector>

#include "absl/strings/str_format.h"
#include "clients/cli/agreement.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

struct Flags {
  bool json = false;
};

// Hands every word of a reviewer, with the text that it judged, to `use`.
absl::Status ForEachCorrection(client::Client& client, bool with_texts,
                               const std::function<void(const v1::CorrectedClue&)>& use) {
  v1::ListCorrectionsRequest request;
  request.set_with_texts(with_texts);
  do {
    const auto page = client.ListCorrections(request);
    if (!page.ok()) return page.status();
    for (const v1::CorrectedClue& clue : page->clues()) use(clue);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

int Export(Session& session) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  int written = 0;
  int withheld = 0;
  const absl::Status status = ForEachCorrection(*client, true, [&](const v1::CorrectedClue& clue) {
    // What the partner took back is not learned from.
    if (clue.state() != v1::CLUE_STATE_ACTIVE) return;
    if (!clue.has_texts()) {
      ++withheld;
      return;
    }
    session.Print(LabelledLine(clue) + "\n");
    ++written;
  });
  if (!status.ok()) return session.Fail(status);
  if (!session.OutputOpen()) return kOk;  // how many were written is not known
  std::string note = std::to_string(written) + session.Say({" written", " 条已导出"});
  if (withheld > 0) {
    note +=
        session.Say({", left out because you may not see the text: ", "，因无权查看正文未导出："}) +
        std::to_string(withheld);
  }
  session.Note(note);
  return kOk;
}

std::string Share(int part, int whole) {
  return whole == 0 ? "-" : absl::StrFormat("%.2f", static_cast<double>(part) / whole);
}

std::string JsonOf(const Agreement::Count& count) {
  return JsonObject({{"clues", std::to_string(count.clues)},
                     {"same_class", std::to_string(count.same_class)},
                     {"same_risk", std::to_string(count.same_risk)}});
}

std::string JsonOf(const Agreement::Counts& counts) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [name, count] : counts) members.emplace_back(name, JsonOf(count));
  return JsonObject(members);
}

void AddRows(const std::string& kind, const Agreement::Counts& counts, Table& table) {
  for (const auto& [name, count] : counts) {
    table.Add({kind, name, std::to_string(count.clues), Share(count.same_class, count.clues),
               Share(count.same_risk, count.same_class)});
  }
}

int ShowAgreement(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Agreement agreement;
  const absl::Status status = ForEachCorrection(
      *client, false, [&](const v1::CorrectedClue& clue) { agreement.Add(clue); });
  if (!status.ok()) return session.Fail(status);
  if (flags.json) {
    session.Print(JsonObject({{"total", JsonOf(agreement.total())},
                              {"by_reviewer", JsonOf(agreement.by_reviewer())},
                              {"by_class", JsonOf(agreement.by_class())},
                              {"by_rule", JsonOf(agreement.by_rule())}}) +
                  "\n");
    return kOk;
  }
  Table table({session.Say({"BY", "口径"}), session.Say({"NAME", "名称"}),
               session.Say({"CLUES", "线索数"}), session.Say({"SAME CLASS", "类别一致"}),
               session.Say({"SAME RISK", "风险一致"})});
  AddRows(session.Say({"all", "全部"}), {{"-", agreement.total()}}, table);
  AddRows(session.Say({"reviewer", "复核人员"}), agreement.by_reviewer(), table);
  AddRows(session.Say({"class", "类别"}), agreement.by_class(), table);
  AddRows(session.Say({"rule", "规则"}), agreement.by_rule(), table);
  session.Print(table.Text());
  return kOk;
}

}  // namespace

std::string LabelledLine(const v1::CorrectedClue& clue) {
  const v1::Verdict& verdict = clue.correction().verdict();
  std::string codes;
  for (const std::string& code : verdict.problem_codes()) {
    codes += (codes.empty() ? "" : ", ") + JsonQuote(code);
  }
  const std::string secondary = verdict.secondary_scenario() == v1::SCENARIO_UNSPECIFIED
                                    ? "null"
                                    : JsonQuote(WordOf(verdict.secondary_scenario()));
  const std::string risk =
      verdict.risk() == v1::RISK_UNSPECIFIED ? "null" : JsonQuote(WordOf(verdict.risk()));
  // A clue that has had two texts judged is two lines, and no id may come twice.
  const std::string id =
      clue.superseded() ? clue.clue_id() + "/" + std::to_string(clue.version()) : clue.clue_id();
  return JsonObject({{"id", JsonQuote(id)},
                     {"title", JsonQuote(clue.title())},
                     {"content", JsonQuote(clue.content())},
                     {"label", JsonQuote(WordOf(verdict.scenario()))},
                     {"secondary", secondary},
                     {"risk", risk},
                     {"problem_codes", "[" + codes + "]"}});
}

void AddCorrections(CLI::App& review, Session& session, Run& run) {
  const auto flags = std::make_shared<Flags>();
  auto* const exported = review.add_subcommand(
      "export", "What reviewers decided, as JSON lines for train and evaluate");
  exported->callback([&session, &run] { run = [&session] { return Export(session); }; });
  auto* const agreement = review.add_subcommand(
      "agreement", "How often reviewers agreed with the machine: by reviewer, class and rule");
  agreement->add_flag("--json", flags->json, "Print JSON");
  agreement->callback([&session, &run, flags] {
    run = [&session, flags] { return ShowAgreement(session, *flags); };
  });
}

}  // namespace supervision::cli
