#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "services/base/mutex.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"
#include "tests/faults/delivery_cluster.h"
#include "tests/faults/delivery_oracle.h"
#include "tests/faults/network_gate.h"

namespace supervision::faults {

// One monitor of a schedule: reads through a network gate of its own, from whichever replica lives,
// goes on after every break where it was, and writes down what it was told. It stands for a client
// that does everything right, with plain stubs, so that what is missed or doubled is the service's.
//
// Thread-safe.
class DeliveryClient {
 public:
  // kSnapshot begins with one on each connection; kShare is one of several consumers.
  enum class Kind { kWatch, kFilteredWatch, kConsume, kSnapshot, kShare };
  static constexpr std::array<Kind, 5> kKinds = {Kind::kWatch, Kind::kFilteredWatch, Kind::kConsume,
                                                 Kind::kSnapshot, Kind::kShare};

  // What the publisher of its schedule has done.
  struct Published {
    std::atomic<size_t> begun = 0;
    std::atomic<size_t> answered = 0;
  };

  struct Options {
    Kind kind = Kind::kWatch;
    std::string token;
    std::string subscription;  // of kConsume and kShare; it exists
    std::string unit;          // of kSnapshot: of which the schedule's clues, and no others, are
    const Published* published = nullptr;
    View view;  // scope as it is, and the filter to begin with
    int first_replica = 0;
  };
  DeliveryClient(DeliveryCluster* cluster, Options options);
  ~DeliveryClient() { Stop(); }
  void Stop();

  // ---- Faults
  void CutInAMessage(size_t bytes);  // when so many more have come
  void Cut();                        // goes away; comes again at once
  void Stall(bool stall);            // reads nothing more until false
  void Hold(bool hold);              // goes away, and does not come again until false
  void MoveTo(int replica);          // goes away and comes again there, if that one lives

  // ---- Acknowledging, of kConsume and kShare
  void SetEager(bool eager);        // each message at once, beginning with what is open
  void Acknowledge(uint32_t pick);  // up to one of those that are open, or only it

  // ---- Views. A change begins, then it is in force everywhere; both are written down.
  View view() const;  // the newest
  void ViewBegins(View view);
  void ViewInForce();
  // The same of a subscription's filter, whose change was answered when so many alerts had been
  // published: whatever is published from then on is told by it, also where a stream is still open.
  void FilterInForce(size_t published);
  // Changes a stream's filter, by coming again with it.
  void SetFilter(const std::string& prefix);
  // How many alerts have been published: views that are in force by now are so for what follows.
  void Note(size_t published);

  // ---- What became of it
  bool connected() const;  // has had the first message of a stream
  int replica() const;     // of the stream; -1 when there is none
  size_t opened() const;   // streams that have begun
  // Of kSnapshot: on the connection that there is, whose snapshot has been told. Of kConsume: by
  // the newest view; a stream that still goes by the one before says nothing of what lies between.
  bool HasHeard(const Told& what) const;
  std::string error() const;  // what no client expects
  size_t cuts_in_a_message() const { return gate_.cuts(); }
  bool told_gap() const;
  int told_left() const;         // so often
  std::string Describe() const;  // how its stream is
  MonitorRecord Record() const;
  Kind kind() const { return options_.kind; }

 private:
  using Stream = grpc::ClientReaderWriter<v1::ConsumeAlertsRequest, v1::ConsumeAlertsResponse>;

  void Run();
  // One stream to its end.
  grpc::Status Watch(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context);
  grpc::Status Consume(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context);
  void OnGreeted() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hear(const v1::AlertUpdate& update) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WaitToRead();
  void OnEnd(const grpc::Status& status);
  bool acknowledges() const {
    return options_.kind == Kind::kConsume || options_.kind == Kind::kShare;
  }
  void NoteSnapshot(const v1::WatchAlertsResponse& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::ConsumeAlertsRequest AcknowledgementOfAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(const v1::ConsumeAlertsRequest& request);
  void CancelLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  DeliveryCluster* const cluster_;
  const Options options_;
  NetworkGate gate_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stalled_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool greeted_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;  // the stream that is open
  size_t opened_ ABSL_GUARDED_BY(mutex_) = 0;
  int wanted_replica_ ABSL_GUARDED_BY(mutex_);
  int replica_ ABSL_GUARDED_BY(mutex_) = -1;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::string cursor_ ABSL_GUARDED_BY(mutex_);
  uint32_t attempt_ ABSL_GUARDED_BY(mutex_) = 0;  // of kConsume, to open
  std::string error_ ABSL_GUARDED_BY(mutex_);
  MonitorRecord record_ ABSL_GUARDED_BY(mutex_);
  size_t view_in_force_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t view_greeted_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the subscription's stream that is open.
  bool eager_ ABSL_GUARDED_BY(mutex_) = true;
  std::map<uint64_t, size_t> numbers_ ABSL_GUARDED_BY(mutex_);  // delivery to record_.heard
  std::set<uint64_t> open_ ABSL_GUARDED_BY(mutex_);             // of a share: not answered
  uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0;                 // delivery
  base::Mutex write_mutex_;  // a stream takes one write at a time; taken before mutex_
  Stream* stream_ ABSL_GUARDED_BY(write_mutex_) = nullptr;

  std::thread thread_;
};

}  // namespace supervision::faults
