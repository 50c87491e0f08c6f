// Prints every alert once, over breaks of the connection and restarts of the service, until it is
// interrupted or COUNT alerts were told.
//
//   sample_monitor [COUNT]
//
// Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.

#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/monitor.h"

namespace client = supervision::client;

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::atol(argv[1]) : 0;
  client::ClientOptions options;
  if (const char* server = std::getenv("SUPERVISION_SERVER")) options.channel.address = server;
  if (const char* token = std::getenv("SUPERVISION_TOKEN")) options.token = token;
  client::Client service(options);

  client::MonitorOptions what;
  what.watch.start_from = supervision::v1::START_FROM_EARLIEST;
  long told = 0;
  bool finished = false;
  std::promise<absl::Status> over;
  // Callbacks come one at a time.
  const auto finish = [&](const absl::Status& status) {
    if (!std::exchange(finished, true)) over.set_value(status);
  };
  client::Monitor::Callbacks callbacks;
  callbacks.on_updates = [&](const std::vector<supervision::v1::AlertUpdate>& updates,
                             const client::MonitorPlace& place) {
    for (const auto& update : updates) {
      if (finished || !update.has_alert()) continue;
      std::cout << update.alert().id() << ' ' << update.alert().version() << ' '
                << update.alert().title() << std::endl;
      if (++told == count) finish(absl::OkStatus());
    }
    // A real monitor keeps the place now, and begins with it the next time (MonitorOptions::place).
    (void)place;
  };
  callbacks.on_end = finish;
  client::Monitor monitor(&service, what, callbacks);
  const absl::Status end = over.get_future().get();
  monitor.Stop();
  if (!end.ok()) std::cerr << client::ErrorOf(end).english << '\n';
  return end.ok() ? 0 : 1;
}
