#include "services/ledger/round.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "services/ledger/scripts.h"

namespace supervision::ledger {
namespace {

redis::Command ToCommand(BatchCall call) {
  redis::Command script = {"EVALSHA", CommitScript().sha1(), std::to_string(call.keys.size())};
  script.reserve(script.size() + call.keys.size() + call.arguments.size());
  std::move(call.keys.begin(), call.keys.end(), std::back_inserter(script));
  std::move(call.arguments.begin(), call.arguments.end(), std::back_inserter(script));
  return script;
}

}  // namespace

void SendRound(const Context& context, std::vector<BatchCall> calls,
               std::function<void(RoundReply)> callback) {
  const Ledger::Options& options = *context.options;
  if (options.replicas == 0) {
    return context.RunAdmitted(CommitScript(), calls.front().keys, calls.front().arguments,
                               options.command_timeout,
                               [callback = std::move(callback)](redis::Result script) {
                                 callback({{std::move(script)}, 0});
                               });
  }
  std::vector<redis::Command> commands;
  for (BatchCall& call : calls) commands.push_back(ToCommand(std::move(call)));
  const int64_t patience = absl::ToInt64Milliseconds(options.replica_timeout);
  commands.push_back({"WAIT", std::to_string(options.replicas),
                      std::to_string(std::max<int64_t>(patience, 1))});  // 0 would be for ever
  context.commit->SendAll(
      std::move(commands), options.command_timeout + LongestWait(options),
      [callback = std::move(callback)](std::vector<redis::Result> all) {
        const redis::Result& wait = all.back();
        const int replicas = wait.ok() ? static_cast<int>(wait.reply().integer) : 0;
        all.pop_back();
        callback({std::move(all), replicas});
      },
      context.admitted_on);
}

}  // namespace supervision::ledger
