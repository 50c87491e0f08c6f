#include "clients/cli/watch_subscription.h"

#include "clients/cli/alert_roll.h"
#include "clients/cli/json.h"
#include "clients/cli/shell_command.h"
#include "clients/cli/watch_guard.h"
#include "clients/cpp/consumer.h"

namespace supervision::cli {
namespace {

std::string Json(const v1::AlertUpdate& update) {
  return JsonObject({update.has_left()
                         ? std::make_pair(std::string("left"), ToJson(update.left()))
                         : std::make_pair(std::string("alert"), ToJson(update.alert()))}) +
         "\n";
}

}  // namespace

int WatchSubscription(Session& session, const SubscriptionWatch& watch) {
  // Before the client, whose threads must not take the signals.
  client::Consumer* running = nullptr;
  WatchGuard guard(absl::Seconds(watch.until_idle), [&running] { running->Stop(); });
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  int exit_code = kOk;
  int64_t told = 0;
  AlertRoll roll = AlertRoll::OfOutput();
  client::Consumer::Callbacks callbacks;
  callbacks.on_message = [&guard] { guard.Connected(); };
  callbacks.on_update = [&](const v1::AlertUpdate& update) {
    const WatchGuard::Telling telling(&guard);
    const std::string json = Json(update);
    session.Print(watch.json ? json : roll.Next(session, update));
    if (!session.OutputOpen()) {
      running->Stop();
      return false;
    }
    if (!watch.exec.empty() && !RunShellCommand(watch.exec, json)) {
      session.Note(session.Say({"the command of --exec failed", "--exec 命令执行失败"}));
      if (watch.share) return false;  // rejected: it comes again
      if (!watch.keep_going) {
        exit_code = kExecFailed;
        return false;
      }
    }
    if (watch.count > 0 && ++told >= watch.count) running->Stop();
    return true;
  };
  // The only other reason not to deal with an update.
  callbacks.reject_reason = [&session] {
    return std::string(session.OutputOpen() ? "the command of --exec failed"
                                            : "the consumer's output cannot be written any more");
  };
  callbacks.on_gap = [&session](const v1::HistoryGap&) {
    session.Note(
        session.Say({"history that this subscription was not told is gone; see what is "
                     "missing with: supervisionctl alerts",
                     "部分未送达的历史已被清理；请用 supervisionctl alerts 核对"}));
    return true;
  };
  callbacks.on_break = [&session](const absl::Status& status, absl::Duration delay) {
    session.NoteRetry(status, delay);
  };
  client::ConsumerOptions options;
  options.subscription = watch.subscription;
  options.share = watch.share;
  // Others are to have what this one's command has not begun with.
  if (watch.share && !watch.exec.empty()) options.window_alerts = 1;
  client::Consumer consumer(client, options, callbacks);
  running = &consumer;
  guard.Start();
  const absl::Status status = consumer.Run();
  guard.Stop();
  return status.ok() ? exit_code : session.Fail(status);
}

}  // namespace supervision::cli
