// One of several people who share the alerts of one subscription: prints an alert, waits for a line
// of standard input, and takes "y" for dealt with. What is answered otherwise comes again to
// somebody else; so does what nobody answers within the limit. Until then the library has the
// alert's lease extended, so one may think for longer than that is.
//
//   supervisionctl subscriptions create team --shared --lease 60
//   sample_share team
//
// Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.

#include <cstdlib>
#include <iostream>
#include <string>

#include "clients/cpp/consumer.h"

namespace client = supervision::client;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: sample_share SUBSCRIPTION\n";
    return 2;
  }
  client::ClientOptions options;
  if (const char* server = std::getenv("SUPERVISION_SERVER")) options.channel.address = server;
  if (const char* token = std::getenv("SUPERVISION_TOKEN")) options.token = token;
  client::Client service(options);

  client::ConsumerOptions what;
  what.subscription = argv[1];
  what.share = true;
  what.window_alerts = 1;  // the others have what this person has not begun with
  what.hold_limit = absl::Minutes(15);
  what.reject_reason = "not dealt with";
  client::Consumer* running = nullptr;
  client::Consumer::Callbacks callbacks;
  callbacks.on_update = [&running](const supervision::v1::AlertUpdate& update) {
    if (!update.has_alert()) return true;
    std::cout << update.alert().id() << ' ' << update.alert().title() << " (y?) " << std::flush;
    std::string answer;
    if (!std::getline(std::cin, answer)) running->Stop();
    return answer == "y";
  };
  client::Consumer consumer(&service, what, callbacks);
  running = &consumer;
  const absl::Status end = consumer.Run();
  if (!end.ok()) std::cerr << client::ErrorOf(end).english << '\n';
  return end.ok() ? 0 : 1;
}
