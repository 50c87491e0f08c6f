#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/alerting/deadlines.h"
#include "services/alerting/hub.h"
#include "services/alerting/snapshot.h"
#include "services/alerting/stream_house.h"
#include "services/alerting/stream_message.h"
#include "services/alerting/tail.h"
#include "services/base/backoff.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// One stream.
//
// Whatever happens to it (a write is done, entries came, a page was read, its deadline passed, the
// client has gone) is noted in the inbox, and the pump takes it from there: Step() runs on the
// thread that noted something, but never on two threads at once, since a second thread leaves its
// note and goes. So everything below the inbox belongs to whoever pumps and needs no lock, and the
// sink is called without one.
//
// Its place moves only over entries that have been put into a message or that its view does not
// pass, and every message ends with the cursor of the place at that moment. That alone makes the
// stream ordered, unique and complete; the phases only say where the next entries come from.
class StreamSession final : public Session,
                            public Tail::Listener,
                            public Deadlines::Sleeper,
                            public std::enable_shared_from_this<StreamSession> {
 public:
  StreamSession(std::shared_ptr<StreamHouse> house, Hub::Request request, StreamSink* sink,
                uint32_t seed);

  void Start();
  // How a stream ends from this side: with an ending message, a last cursor and OK at `at`, and in
  // any case at `by` (the scheduler's time).
  struct Ending {
    absl::Duration at;
    absl::Duration by;
    EndingReason reason = EndingReason::kDraining;
  };
  void Drain(Ending ending);
  // Ends now with DRAINING.
  void Close();

  void OnWritten(bool ok) override;
  void OnCancelled() override;
  void OnReceiverChanged() override;
  void End(absl::Status status) override;
  void EndGently(EndingReason reason) override;
  void OnTail(uint64_t index) override;
  void OnDeadline() override;

 private:
  enum class Phase {
    kStarting,    // its first place is being looked up
    kSnapshot,    // tells the alerts as they stand
    kCatchingUp,  // reads pages from the ledger
    kFollowing,   // takes from the tail, or waits at its end
    kAsking,      // its history is gone: the ledger is asked what to tell the client
    kEnded,
  };
  struct Inbox {
    bool start = false;
    bool written = false;
    bool gone = false;
    bool close = false;
    bool deadline = false;
    uint64_t seen_to = 0;
    std::optional<Ending> drain;
    std::optional<EndingReason> gently;
    std::optional<absl::Status> end;
    std::optional<absl::StatusOr<ledger::Place>> place;
    std::optional<absl::StatusOr<PageShelf::PagePtr>> page;
    std::optional<absl::StatusOr<ledger::ListPage>> listed;
  };
  enum class Taken { kYes, kMessageFull, kHole };  // kMessageFull: also when there is no room

  void Pump(absl::FunctionRef<void(Inbox&)> note);
  void Step(Inbox inbox);
  void TakeEnding(Ending ending);
  void LimitAge();
  void Proceed();
  void SetDeadline(bool passed);

  void LookUpStart();
  void TakePlace(absl::StatusOr<ledger::Place> place);
  void Ask();

  bool TellSnapshot();
  void TakeListed(absl::StatusOr<ledger::ListPage> page);
  std::optional<Notice> NextNotice() const;
  void NoteTold(Notice notice);

  bool CatchUp();
  void TakePage(absl::StatusOr<PageShelf::PagePtr> page);
  void ReadPage(int partition);
  void Failed(const absl::Status& status);

  bool FollowTail();
  std::optional<Taken> TakeStretch(StreamMessage* message);
  bool TakeWholePage(StreamMessage* message);
  BundlePtr NewBundle(const Bundles::Key& key, absl::Span<const TailEntryPtr> entries,
                      absl::Span<const View::Decision> decisions);
  // What others are told of as well: nothing that is this stream's alone decides.
  bool TakesBundles() const { return receiver_ == nullptr && snapshot_ == nullptr; }
  void SkipSeen();
  void CompareWithTail();
  void NoticeParking();

  Taken Take(TailEntry& entry, View::Decision decision, StreamMessage* message);
  void Send(StreamMessage message);
  void SendEnding();
  void Write(std::vector<SharedBytes> pieces);
  void Enter(Phase phase);
  void EndNow(absl::Status status);

  // With as much room as the receiver has.
  StreamMessage NewMessage() const;
  bool HasNews() const;
  absl::Status DrainingError() const;

  base::Mutex mutex_;
  Inbox inbox_ ABSL_GUARDED_BY(mutex_);
  bool noted_ ABSL_GUARDED_BY(mutex_) = false;
  bool pumping_ ABSL_GUARDED_BY(mutex_) = false;

  // What follows belongs to the thread that pumps.
  std::shared_ptr<StreamHouse> house_;  // let go at the end
  const Hub::Start start_;
  StreamSink* const sink_;
  const absl::Duration interval_;
  const std::string principal_;
  std::shared_ptr<Receiver> receiver_;
  std::minstd_rand random_;
  Tail::AudiencePtr audience_;
  Phase phase_ = Phase::kStarting;
  absl::Duration now_;
  ledger::Place place_;
  bool greeted_ = false;
  bool writing_ = false;
  bool ending_sent_ = false;
  bool parked_ = false;
  bool throttled_ = false;        // parked_, as the client has been told
  bool no_room_ = false;          // until the receiver has more
  std::vector<Delivery> handed_;  // in the message that is being made, where there is a receiver
  std::optional<absl::Status> fate_;  // to end with once the outstanding write is done
  std::optional<Ending> drain_;
  std::optional<absl::Duration> end_by_;    // `fate_` in any case
  std::optional<absl::Duration> deadline_;  // as Deadlines has it
  absl::Duration bookmark_at_;

  std::unique_ptr<Snapshot> snapshot_;  // until it and the log have met

  // Following. `at_` is the tail's place index_ while that is also ours: its cursor is shared.
  uint64_t index_ = 0;
  uint64_t seen_to_ = 0;
  uint64_t generation_ = 0;
  TailPlacePtr at_;
  bool waiting_ = false;

  // Catching up.
  PageShelf::PagePtr page_;  // at most one, of which `page_next_` is the first left
  size_t page_next_ = 0;
  std::optional<int64_t> page_end_;  // of the partition, when the page was read
  uint64_t page_generation_ = 0;
  int partition_ = 0;          // of the last page
  bool dry_ = false;           // the last page had nothing
  bool asked_ = false;         // a read or a question is under way
  uint64_t list_ticket_ = 0;   // of the last read of a snapshot
  uint64_t page_ticket_ = 0;   // of the last page
  absl::Duration not_before_;  // no read or question earlier
  std::optional<absl::Duration> failing_since_;
  std::unique_ptr<base::Backoff> backoff_;  // made at the first failure
};

}  // namespace supervision::alerting
