#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "clients/cli/alert_roll.h"
#include "clients/cli/commands.h"
#include "clients/cli/cursor_file.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/json.h"
#include "clients/cli/shell_command.h"
#include "clients/cli/watch_guard.h"
#include "clients/cli/watch_subscription.h"
#include "clients/cpp/repeats.h"
#include "clients/cpp/watcher.h"
#include "services/base/mutex.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Watching goes on by itself after a break or a restart of the service: no alert is missed and none
is told twice. With --json each line has the cursor from which --from goes on after it; until a
message is complete that is the cursor before it, so a few may come again: (alert.id, alert.version)
tells them apart. --cursor-file does all of this by itself. On a terminal what is about the matter or
the unit of the line before stands under it ("└"); nothing waits for that.

Examples:
  supervisionctl watch
  supervisionctl watch --min-risk high --region 3304 --scenario admin-enforcement
  supervisionctl watch --from snapshot
  supervisionctl watch --from earliest --until-idle 3
  supervisionctl watch --from earliest --high-first
  supervisionctl watch --json --cursor-file monitor.cursor | jq .alert.title
  supervisionctl watch --cursor-file monitor.cursor --exec './open-ticket.sh'
  supervisionctl watch --subscription night-shift)";

struct Flags {
  FilterFlags filter;
  std::string from = "latest";
  std::string cursor_file;
  std::string exec;
  std::string subscription;
  bool share = false;
  bool keep_going = false;
  bool high_first = false;
  bool silenced = false;
  bool json = false;
  int64_t count = 0;
  double until_idle = 0;
  std::string foreign;  // flags given beside --subscription that go for a watch without one
};

// What of watch's flags chooses alerts, or how they come: a subscription has its own.
constexpr const char* kNotOfASubscription[] = {"--scenario", "--min-risk", "--region",
                                               "--unit",     "--filter",   "--state",
                                               "--owner",    "--silenced", "--high-first"};

// Updates that are remembered to tell once what two streams bring.
constexpr size_t kRemembered = 100'000;

// Tells what the watcher hears, and knows where it is.
class Teller {
 public:
  Teller(Session& session, const Flags& flags)
      : session_(session), flags_(flags), place_(flags.cursor_file) {}

  // OK, or why the cursor file cannot be used. To be called first.
  absl::Status Load() {
    const absl::Status loaded = place_.Load();
    before_ = place_.cursor();
    return loaded;
  }
  const std::string& cursor() const { return place_.cursor(); }
  int exit_code() const { return exit_code_; }
  // Nothing more is to be told.
  bool over() const { return over_; }

  void Hear(const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates,
            const std::string& cursor, WatchGuard& guard) {
    for (int i = 0; i < updates.size() && !over_; ++i) {
      const v1::AlertUpdate& update = updates.Get(i);
      // Also what an earlier run has told: the place forgets it when it has passed it, and the
      // second stream may come to it later.
      if (flags_.high_first) high_.Note(update);
      if (place_.WasTold(update)) continue;
      const std::string after = i + 1 == updates.size() ? cursor : before_;
      const WatchGuard::Telling telling(&guard);
      if (!Tell(update, after)) break;
      place_.Told(update);
      if (!flags_.exec.empty()) Save();
      over_ = over_ || (flags_.count > 0 && ++told_ >= flags_.count && i + 1 < updates.size());
    }
    if (!over_) {
      if (!cursor.empty()) {  // not in the middle of a snapshot
        before_ = cursor;
        place_.MoveTo(cursor, updates);
      }
      over_ = flags_.count > 0 && told_ >= flags_.count;
    }
    Save();
  }

  // What the second stream brings. It is told ahead of the place, which stays, so it is noted in
  // the cursor file until the first stream has come to it. What is no longer HIGH only leaves that
  // stream.
  void HearHigh(const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates,
                WatchGuard& guard) {
    for (const v1::AlertUpdate& update : updates) {
      if (over_) break;
      if (!update.has_alert() || place_.WasTold(update) || high_.Note(update)) continue;
      const WatchGuard::Telling telling(&guard);
      if (!Tell(update, before_)) break;
      place_.Told(update);
      if (!flags_.exec.empty()) Save();
      over_ = over_ || (flags_.count > 0 && ++told_ >= flags_.count);
    }
    Save();
  }

  // The stream has told how things stood, and goes on behind that: none of it comes again.
  void SnapshotComplete() {
    if (over_) return;  // perhaps not all of it was told
    place_.ForgetTold();
    Save();
  }

 private:
  bool Tell(const v1::AlertUpdate& update, const std::string& cursor) {
    const std::string json = Json(update, cursor);
    session_.Print(flags_.json ? json : roll_.Next(session_, update));
    if (!session_.OutputOpen()) {
      over_ = true;
      return false;
    }
    if (flags_.exec.empty() || RunShellCommand(flags_.exec, json)) return true;
    session_.Note(session_.Say({"the command of --exec failed", "--exec 命令执行失败"}));
    if (flags_.keep_going) return true;
    exit_code_ = kExecFailed;
    over_ = true;
    return false;
  }

  static std::string Json(const v1::AlertUpdate& update, const std::string& cursor) {
    return JsonObject({update.has_left()
                           ? std::make_pair(std::string("left"), ToJson(update.left()))
                           : std::make_pair(std::string("alert"), ToJson(update.alert())),
                       {"cursor", JsonQuote(cursor)}}) +
           "\n";
  }

  void Save() {
    const absl::Status saved = place_.Save();
    if (saved.ok()) return;
    exit_code_ = session_.FailUsage({"the place cannot be kept", "无法保存断点"},
                                    session_.SentenceOf(saved));
    over_ = true;
  }

  Session& session_;
  const Flags& flags_;
  CursorFile place_;
  AlertRoll roll_ = AlertRoll::OfOutput();
  client::Repeats high_{kRemembered};  // what either stream has told, with --high-first
  std::string before_;                 // the cursor behind the last whole message
  int64_t told_ = 0;
  int exit_code_ = kOk;
  bool over_ = false;
};

void NoteAbout(Session& session, v1::StreamNotice notice) {
  switch (notice) {
    case v1::STREAM_NOTICE_THROTTLED:
      return session.Note(session.Say({"read too slowly: told from the ledger, nothing is lost",
                                       "接收过慢：改由台账补发，不会丢失"}));
    case v1::STREAM_NOTICE_RESUMED:
      return session.Note(session.Say({"caught up", "已赶上实时"}));
    case v1::STREAM_NOTICE_SNAPSHOT_COMPLETE:
      return session.Note(session.Say({"that is all that was open; what follows is new",
                                       "以上为现有未办结预警，以下为新预警"}));
    default:
      return;
  }
}

int Watch(Session& session, const Flags& flags) {
  if (!flags.subscription.empty()) {
    if (!flags.foreign.empty()) {
      return session.FailUsage(
          {"the conditions belong to the subscription: change them with supervisionctl "
           "subscriptions update, or watch without --subscription; not both at once",
           "筛选条件属于订阅本身：请用 supervisionctl subscriptions update 修改，或不带 "
           "--subscription 接收；不能同时使用"},
          flags.foreign);
    }
    return WatchSubscription(session, {.subscription = flags.subscription,
                                       .exec = flags.exec,
                                       .share = flags.share,
                                       .keep_going = flags.keep_going,
                                       .json = flags.json,
                                       .count = flags.count,
                                       .until_idle = flags.until_idle});
  }
  client::WatcherOptions options;
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(filter.status().message()));
  }
  options.filter = *filter;
  options.include_silenced = flags.silenced;
  Teller teller(session, flags);
  const absl::Status loaded = teller.Load();
  if (!loaded.ok()) {
    return session.FailUsage({"wrong file", "文件有误"}, session.SentenceOf(loaded));
  }
  options.cursor = teller.cursor();
  if (options.cursor.empty()) {
    if (flags.from == "earliest") {
      options.start_from = v1::START_FROM_EARLIEST;
    } else if (flags.from == "snapshot") {
      options.start_from = v1::START_FROM_SNAPSHOT;
    } else if (flags.from != "latest") {
      options.cursor = flags.from;
    }
  }

  // Before the client, whose threads must not take the signals.
  client::Watcher* running = nullptr;
  client::Watcher* running_high = nullptr;
  const auto stop = [&] {
    running->Stop();
    if (running_high != nullptr) running_high->Stop();
  };
  WatchGuard guard(absl::Seconds(flags.until_idle), stop);
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  base::Mutex telling;  // two streams may have something to tell
  client::Watcher::Callbacks callbacks;
  callbacks.on_updates = [&](const auto& updates, const std::string& cursor) {
    base::MutexLock lock(&telling);
    guard.Connected();
    teller.Hear(updates, cursor, guard);
    if (teller.over()) stop();
  };
  callbacks.on_break = [&](const absl::Status& status, absl::Duration delay) {
    base::MutexLock lock(&telling);
    session.NoteRetry(status, delay);
  };
  callbacks.on_notice = [&](v1::StreamNotice notice) {
    base::MutexLock lock(&telling);
    if (notice == v1::STREAM_NOTICE_SNAPSHOT_COMPLETE) teller.SnapshotComplete();
    NoteAbout(session, notice);
  };
  client::Watcher watcher(client, options, callbacks);
  running = &watcher;
  std::unique_ptr<client::Watcher> high;
  // From the latest place there is no catch-up to be ahead of.
  if (flags.high_first && (!options.cursor.empty() || flags.from == "earliest")) {
    options.filter.set_min_risk(v1::RISK_HIGH);
    client::Watcher::Callbacks ahead;
    ahead.on_updates = [&](const auto& updates, const std::string&) {
      base::MutexLock lock(&telling);
      teller.HearHigh(updates, guard);
      if (teller.over()) stop();
    };
    high = std::make_unique<client::Watcher>(client, options, ahead);
    running_high = high.get();
  }
  guard.Start();
  std::thread high_thread;
  // Why it cannot go on, if so, the first stream says too.
  if (high != nullptr) high_thread = std::thread([&high] { high->Run().IgnoreError(); });
  const absl::Status status = watcher.Run();
  guard.Stop();
  stop();
  if (high_thread.joinable()) high_thread.join();
  if (status.ok()) return teller.exit_code();
  const int exit_code = session.Fail(status);
  if (exit_code == kHistoryGone && !flags.cursor_file.empty()) {
    session.Note(session.Say({"and remove the cursor file first: ", "并先删除断点文件："}) +
                 flags.cursor_file);
  }
  return exit_code;
}

}  // namespace

void AddWatch(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("watch", "Tell alerts as they come");
  const auto flags = std::make_shared<Flags>();
  flags->filter.AddTo(*command);
  flags->filter.AddStateTo(*command);
  auto* const from =
      command
          ->add_option("--from", flags->from,
                       "Where to begin: earliest, latest, snapshot (what is open) or a cursor")
          ->capture_default_str();
  auto* const cursor_file = command->add_option(
      "--cursor-file", flags->cursor_file,
      "Keep the place in this file and go on from it; --from is for the first time");
  auto* const subscription =
      command
          ->add_option(
              "--subscription", flags->subscription,
              "Read this subscription: the service keeps the place and the conditions; "
              "each alert is acknowledged when it has been told (or --exec has ended well)")
          ->excludes(from)
          ->excludes(cursor_file);
  command
      ->add_flag("--share", flags->share,
                 "Be one of several consumers of a shared subscription; what --exec fails on is "
                 "rejected and comes again, and watching goes on")
      ->needs(subscription);
  command->add_option("--exec", flags->exec,
                      "Run this for each alert, with its JSON on standard input; when it fails, "
                      "watching ends with exit code 9 and the alert counts as not told");
  command->add_flag("--keep-going", flags->keep_going, "Go on when --exec fails");
  command->add_flag("--high-first", flags->high_first,
                    "HIGH alerts do not wait behind a long catch-up: a second stream brings them "
                    "ahead of the rest");
  command->add_flag("--silenced", flags->silenced, "Also what a silence hides from you");
  command->add_flag("--json", flags->json, "Print one JSON object for each alert");
  command->add_option("--count", flags->count, "End after this many")->check(CLI::PositiveNumber);
  command
      ->add_option("--until-idle", flags->until_idle,
                   "End when connected and nothing came for this many seconds; the time of --exec "
                   "does not count")
      ->check(CLI::PositiveNumber);
  command->footer(kFooter);
  command->callback([&session, &run, flags, command] {
    for (const char* const name : kNotOfASubscription) {
      if (command->count(name) > 0)
        flags->foreign += (flags->foreign.empty() ? "" : " ") + std::string(name);
    }
    run = [&session, flags] { return Watch(session, *flags); };
  });
}

}  // namespace supervision::cli
