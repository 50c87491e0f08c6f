#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/base/clock.h"
#include "services/config/server_settings.h"
#include "services/observability/log.h"

namespace supervision::server {

// The whole service in one object: New reads and checks, Start serves, Stop drains. A process may
// hold several, each with its own directory and addresses (tests do).
//
// Thread-safe: Stop may come from any thread, twice, and while Start has failed.
class Server {
 public:
  struct Options {
    config::ServerSettings settings;
    observability::Logger* log = nullptr;  // outlives the server
    const base::Clock* clock = base::Clock::System();
    std::string version;
  };

  // Reads every file that the settings name and checks where the service is to listen; starts
  // nothing. Errors name every mistake, a line each.
  static absl::StatusOr<std::unique_ptr<Server>> New(Options options);
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts the embedded Redis where there is one, listens, serves. With a Redis elsewhere that is
  // away it serves all the same, not ready, and becomes ready when Redis comes.
  absl::Status Start();

  // Health says NOT_SERVING; after drain.announce new calls are sent elsewhere, streams end with a
  // last cursor, spread over drain.spread; calls under way have drain.finish to end; then all is
  // closed in the reverse order of Start. Returns when everything has ended.
  void Stop();

  // Reads catalogue, rules and model again, on a thread of its own; what came of it is logged.
  void ReloadRules();

  std::string grpc_address() const;     // with the chosen port
  std::string metrics_address() const;  // empty: none
  bool ready() const;
  std::vector<std::string> not_ready_because() const;

 private:
  class Body;
  explicit Server(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace supervision::server
