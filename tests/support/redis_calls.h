#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/redis/client.h"

namespace supervision::testing {

inline constexpr absl::Duration kCallTimeout = absl::Seconds(60);

// Sends and waits: for tests' own threads, never for the loop's.
inline redis::Result Call(redis::Client& client, redis::Command command,
                          absl::Duration timeout = kCallTimeout) {
  std::promise<redis::Result> answer;
  client.Send(std::move(command), timeout,
              [&answer](redis::Result result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

// Sends without waiting.
inline std::future<redis::Result> CallLater(
    redis::Client& client, redis::Command command, absl::Duration timeout = kCallTimeout,
    redis::Client::ConnectionNumber only_on = redis::Client::kAnyConnection) {
  auto answer = std::make_shared<std::promise<redis::Result>>();
  client.Send(
      std::move(command), timeout,
      [answer](redis::Result result) { answer->set_value(std::move(result)); }, only_on);
  return answer->get_future();
}

inline std::vector<redis::Result> CallAll(redis::Client& client,
                                          std::vector<redis::Command> commands,
                                          absl::Duration timeout = kCallTimeout) {
  std::promise<std::vector<redis::Result>> answer;
  client.SendAll(std::move(commands), timeout, [&answer](std::vector<redis::Result> results) {
    answer.set_value(std::move(results));
  });
  return answer.get_future().get();
}

inline redis::Result RunScript(redis::Client& client, const redis::Script& script,
                               const std::vector<std::string>& keys,
                               const std::vector<std::string>& arguments,
                               absl::Duration timeout = kCallTimeout) {
  std::promise<redis::Result> answer;
  client.Run(script, keys, arguments, timeout,
             [&answer](redis::Result result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

// The reply's text, "(nil)", its number, its elements in brackets, or "!" and the failure's name
// and words: what a test compares.
std::string Show(const redis::Result& result);
std::string Show(const redis::Reply& reply);

}  // namespace supervision::testing
