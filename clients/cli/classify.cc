#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "clients/cli/classify_many.h"
#include "clients/cli/clue_flags.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/why.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] = R"(Nothing is stored. The passages that decided are marked in the text.

Examples:
  supervisionctl classify '未告知听证权利就作出了处罚决定'
  supervisionctl classify --why '举报违建半年，城管来看过一次就没有下文'
  supervisionctl classify --title 标题 - < report.txt
  supervisionctl classify --json - < report.txt | jq .scenario
  supervisionctl classify --ndjson clues.ndjson more.ndjson --json | jq -r .verdict.scenario

--ndjson takes the lines of submit --ndjson; of each clue title, content, instruments and
persons_affected count.)";

struct Flags {
  std::string text = "-";
  std::string title;
  std::optional<int64_t> persons;
  bool json = false;
  bool why = false;
  std::vector<std::string> ndjson;
};

int Classify(Session& session, const Flags& flags) {
  v1::ClassifyTextRequest request;
  request.set_title(flags.title);
  if (flags.text == "-") {
    const auto text = ReadInput("-");
    if (!text.ok()) return session.FailUsage({"cannot read", "无法读取"}, "-");
    request.set_content(std::string(absl::StripTrailingAsciiWhitespace(*text)));
  } else {
    request.set_content(flags.text);
  }
  if (flags.persons.has_value()) request.set_persons_affected(*flags.persons);
  request.set_explain(flags.why);
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto response = client->Classify(request);
  if (!response.ok()) return session.Fail(response.status());
  const v1::Verdict& verdict = response->verdict();
  if (flags.json) {
    session.Print(
        ToJson(flags.why ? static_cast<const google::protobuf::Message&>(*response) : verdict) +
        "\n");
    return kOk;
  }
  std::string text = VerdictText(session, verdict) + "\n";
  if (!request.title().empty()) {
    text += MarkedText(session, verdict, v1::TEXT_PART_TITLE, request.title()) + "\n";
  }
  text += MarkedText(session, verdict, v1::TEXT_PART_CONTENT, request.content()) + "\n";
  text += EvidenceText(verdict, request.title(), request.content());
  if (response->has_explanation()) {
    text += "\n" +
            WhyText(session, response->explanation(), verdict, request.title(), request.content());
  }
  session.Print(text);
  return kOk;
}

}  // namespace

void AddClassify(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("classify", "Sort a text without storing it");
  const auto flags = std::make_shared<Flags>();
  auto* const text =
      command->add_option("text", flags->text, "The report; - or nothing: standard input");
  auto* const title = command->add_option("--title", flags->title, "Headline");
  auto* const ndjson =
      command
          ->add_option("--ndjson", flags->ndjson,
                       "Many texts: files with one clue as JSON a line; none: standard input")
          ->expected(0, 1000)
          ->excludes(text)
          ->excludes(title);
  command->add_option("--persons", flags->persons, "How many persons one act hits directly")
      ->excludes(ndjson);
  command
      ->add_flag("--why", flags->why,
                 "Also why so and not otherwise: the deciding sentence, the runner-up")
      ->excludes(ndjson);
  command->add_flag(
      "--json", flags->json,
      "Print the verdict as JSON; with --why an object of verdict and explanation, with "
      "--ndjson one object a line");
  command->footer(kFooter);
  command->callback([&session, &run, flags, ndjson] {
    if (ndjson->count() == 0) {
      run = [&session, flags] { return Classify(session, *flags); };
      return;
    }
    std::vector<std::string> paths;
    for (const std::string& path : flags->ndjson) {
      if (!path.empty()) paths.push_back(path);
    }
    if (paths.empty()) paths.push_back("-");
    run = [&session, flags, paths] { return ClassifyMany(session, paths, flags->json); };
  });
}

}  // namespace supervision::cli
