// Silences: for a time, not to be told of what matches.
#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/duration_text.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/filter_text.h"
#include "clients/cli/json.h"
#include "clients/cli/lines.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal.h"
#include "clients/cli/time_text.h"
#include "clients/cpp/request_id.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Needs a principal with the role MONITOR, HANDLER or SUPERVISOR. A silence hides from whoever made it;
a supervisor may name others. It hides nothing HIGH unless it names the alert, and nothing that became
graver. What it hides is stored and listed as ever: alerts --silenced shows it.

Examples:
  supervisionctl silence preview --unit 某县公安局
  supervisionctl silence add --unit 某县公安局 --for 3d --reason 系统割接
  supervisionctl silence add --alert a00… --until '2025-03-12 18:00' --reason 已知悉
  supervisionctl silence list --ended
  supervisionctl silence extend s1f… --for 2d
  supervisionctl silence expire s1f…)";

struct Flags {
  std::string id;
  FilterFlags filter;
  std::string alert;
  std::string reason;
  std::vector<std::string> receivers;
  std::string duration;
  std::string until;
  bool ended = false;
  bool json = false;
};

// The end as the flags give it; the sentence that says what is wrong with them.
template <typename Request>
std::optional<Text> TakeEnd(const Flags& flags, Request* request) {
  if (flags.duration.empty() == flags.until.empty()) {
    return Text{"give one end: --for 3d or --until '2025-03-12 18:00'",
                "请给出一个结束时间：--for 3d 或 --until '2025-03-12 18:00'"};
  }
  if (!flags.duration.empty()) {
    const std::optional<absl::Duration> duration = DurationFromText(flags.duration);
    if (!duration.has_value()) {
      return Text{"--for: write such as 90m, 8h, 3d or 2w", "--for：请写作 90m、8h、3d 或 2w"};
    }
    request->mutable_duration()->set_seconds(absl::ToInt64Seconds(*duration));
    return std::nullopt;
  }
  const auto time = TimeFromText(flags.until);
  if (!time.has_value()) {
    return Text{"--until: write YYYY-MM-DD, YYYY-MM-DD HH:MM or RFC 3339",
                "--until：请写作 YYYY-MM-DD、YYYY-MM-DD HH:MM 或 RFC 3339"};
  }
  *request->mutable_ends_at() = *time;
  return std::nullopt;
}

// What it is about, in one line.
std::string About(const v1::Silence& silence) {
  return silence.alert_id().empty() ? FilterText(silence.matcher()) : silence.alert_id();
}

std::string StateText(Session& session, const v1::Silence& silence) {
  return silence.state() == v1::SILENCE_STATE_ACTIVE ? session.Say({"active", "生效中"})
                                                     : session.Say({"ended", "已结束"});
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

int Told(Session& session, const v1::Silence& silence, bool json) {
  if (json) {
    session.Print(ToJson(silence) + "\n");
    return kOk;
  }
  session.Print(Lines(session)
                    .Add({"silence", "静默"}, Printable(silence.id()))
                    .Add({"state", "状态"}, StateText(session, silence))
                    .Add({"about", "条件"}, Printable(About(silence)))
                    .Add({"hides up to", "最高隐藏等级"}, WordOf(silence.hides_up_to()))
                    .Add({"reason", "原因"}, Printable(silence.reason()))
                    .Add({"author", "创建人"}, Printable(silence.author()))
                    .Add({"hidden from", "对谁隐藏"}, Printable(Joined(silence.receivers())))
                    .Add({"created", "创建时间"}, TimeText(silence.created_at()))
                    .Add({"ends", "结束时间"}, TimeText(silence.ends_at()))
                    .Add({"ended by", "提前结束者"}, Printable(silence.ended_by()))
                    .text());
  return kOk;
}

int WrongFlag(Session& session, const std::string& sentence) {
  return session.FailUsage({"wrong flag", "参数有误"}, sentence);
}

int Add(Session& session, const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) return WrongFlag(session, std::string(filter.status().message()));
  v1::CreateSilenceRequest request;
  if (const auto wrong = TakeEnd(flags, &request); wrong.has_value()) {
    return WrongFlag(session, session.Say(*wrong));
  }
  *request.mutable_matcher() = *filter;
  request.set_alert_id(flags.alert);
  request.set_reason(flags.reason);
  for (const std::string& receiver : flags.receivers) request.add_receivers(receiver);
  request.set_request_id(client::NewRequestId());
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto response = client->CreateSilence(request);
  if (!response.ok()) return session.Fail(response.status());
  return Told(session, response->silence(), flags.json);
}

int Preview(Session& session, const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) return WrongFlag(session, std::string(filter.status().message()));
  v1::PreviewSilenceRequest request;
  *request.mutable_matcher() = *filter;
  request.set_alert_id(flags.alert);
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto response = client->PreviewSilence(request);
  if (!response.ok()) return session.Fail(response.status());
  if (flags.json) {
    session.Print(ToJson(*response) + "\n");
    return kOk;
  }
  const auto line = [&](const Text& name, const v1::SilencePreview& preview) {
    std::string text = session.Say(name) + "  " + std::to_string(preview.alerts()) +
                       (preview.lower_bound() ? "+" : "");
    if (preview.too_grave() > 0) {
      text += session.Say({"; too grave to hide: ", "；等级过高不隐藏："}) +
              std::to_string(preview.too_grave());
    }
    return text + "\n";
  };
  session.Print(line({"open alerts that it hides now", "现在会隐藏的未处置预警"}, response->now()) +
                line({"would have hidden in the last 7 days", "过去 7 天会隐藏的预警"},
                     response->last_week()));
  return kOk;
}

int List(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Table table({session.Say({"ID", "编号"}), session.Say({"STATE", "状态"}),
               session.Say({"ENDS", "结束时间"}), session.Say({"AUTHOR", "创建人"}),
               session.Say({"HIDDEN FROM", "对谁隐藏"}), session.Say({"ABOUT", "条件"}),
               session.Say({"REASON", "原因"})});
  v1::ListSilencesRequest request;
  request.set_include_ended(flags.ended);
  do {
    const auto page = client->ListSilences(request);
    if (!page.ok()) return session.Fail(page.status());
    for (const v1::Silence& one : page->silences()) {
      if (flags.json) {
        session.Print(ToJson(one) + "\n");
        continue;
      }
      table.Add({one.id(), StateText(session, one), TimeText(one.ends_at()), one.author(),
                 Joined(one.receivers()), About(one), one.reason()});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!flags.json) session.Print(table.Text());
  return kOk;
}

int Get(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::GetSilenceRequest request;
  request.set_silence_id(flags.id);
  const auto response = client->GetSilence(request);
  if (!response.ok()) return session.Fail(response.status());
  return Told(session, response->silence(), flags.json);
}

int Expire(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ExpireSilenceRequest request;
  request.set_silence_id(flags.id);
  const auto response = client->ExpireSilence(request);
  if (!response.ok()) return session.Fail(response.status());
  return Told(session, response->silence(), flags.json);
}

int Extend(Session& session, const Flags& flags) {
  v1::ExtendSilenceRequest request;
  if (const auto wrong = TakeEnd(flags, &request); wrong.has_value()) {
    return WrongFlag(session, session.Say(*wrong));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  request.set_silence_id(flags.id);
  const auto response = client->ExtendSilence(request);
  if (!response.ok()) return session.Fail(response.status());
  return Told(session, response->silence(), flags.json);
}

}  // namespace

void AddSilence(CLI::App& app, Session& session, Run& run) {
  auto* const parent =
      app.add_subcommand("silence", "For a time, do not tell of alerts that match");
  parent->require_subcommand(1);
  parent->footer(kFooter);
  const auto flags = std::make_shared<Flags>();
  const auto add = [&](const char* word, const char* help, int (*action)(Session&, const Flags&)) {
    auto* const command = parent->add_subcommand(word, help);
    command->add_flag("--json", flags->json, "Print JSON");
    command->callback([&session, &run, flags, action] {
      run = [&session, flags, action] { return action(session, *flags); };
    });
    return command;
  };
  const auto about = [&](CLI::App* command) {
    flags->filter.AddTo(*command);
    flags->filter.AddStateTo(*command);
    command->add_option("--alert", flags->alert, "Only this alert");
  };
  const auto end = [&](CLI::App* command) {
    command->add_option("--for", flags->duration,
                        std::string("For how long: ") + kDurationForms + "; at most 90 days");
    command->add_option("--until", flags->until, "Until when: YYYY-MM-DD HH:MM or RFC 3339");
  };
  const auto id = [&](CLI::App* command) {
    command->add_option("id", flags->id, "Id of the silence")->required();
  };

  auto* const make = add("add", "Make one", Add);
  about(make);
  end(make);
  make->add_option("--reason", flags->reason, "Why")->required();
  make->add_option("--from", flags->receivers,
                   "From whom it hides: principals' ids (a supervisor's right); none: from you");
  about(
      add("preview", "What one would hide now, and would have hidden in the last 7 days", Preview));
  add("list", "Those that you may read, the latest end first", List)
      ->add_flag("--ended", flags->ended, "Also those that have ended");
  id(add("get", "What one is about, why, and until when", Get));
  id(add("expire", "End one now", Expire));
  auto* const extend = add("extend", "Give one a later end", Extend);
  id(extend);
  end(extend);
}

}  // namespace supervision::cli
