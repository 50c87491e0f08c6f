#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "clients/cpp/client.h"
#include "clients/cpp/consumer.h"
#include "services/base/mutex.h"
#include "tests/faults/oracle.h"
#include "tests/faults/workers.h"

namespace supervision::faults {

// Makes a named subscription that begins with the whole history. A shared one has the shortest
// lease that there is, so that what a lost connection had in hand comes again soon, and as many
// attempts as a test can use up.
absl::Status MakeSubscription(client::Client* client, const std::string& name, bool shared);

// A consumer of the client library on a thread of its own, which deals with everything that it is
// handed. Thread-safe, but for Stop.
class LibraryConsumer {
 public:
  struct Options {
    client::ClientOptions client;
    std::string subscription;
    bool shared = false;
    int window_alerts = 0;  // 0: the service's
  };
  explicit LibraryConsumer(Options options);
  ~LibraryConsumer() { Stop(); }
  // What it has dealt with is acknowledged by then.
  void Stop();

  // What it was handed, in that order; the library has dropped repeats.
  std::vector<Told> told() const;
  // Waits until that is the newest; false after two minutes, or when it has ended.
  bool WaitForClue(const std::string& id) const;
  size_t count() const;  // of those
  int breaks() const;
  // To be asked after Stop(): how it ended, and how long it heard nothing.
  const absl::Status& end() const { return end_; }
  const Outages& outages() const { return outages_; }

 private:
  client::Client client_;
  mutable base::Mutex mutex_;
  std::vector<Told> told_ ABSL_GUARDED_BY(mutex_);
  int breaks_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_;
  Outages outages_;  // of the thread
  std::unique_ptr<client::Consumer> consumer_;
  std::thread thread_;
};

// What several were told together.
std::vector<Told> ToldTogether(const std::vector<std::unique_ptr<LibraryConsumer>>& consumers);
// Waits until they have been told all of `history`; false after two minutes.
bool WaitForAll(const std::vector<std::unique_ptr<LibraryConsumer>>& consumers,
                const std::vector<Told>& history);

}  // namespace supervision::faults
