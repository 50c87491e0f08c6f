#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "services/alerting/share_consumer.h"
#include "services/alerting/share_house.h"
#include "services/alerting/share_pool.h"
#include "services/alerting/share_reader.h"
#include "services/alerting/view.h"

namespace supervision::alerting {

// One shared subscription in this process: reads the log from the common place for all its
// consumers here, and hands each alert to one of them.
//
// Before an alert is handed over it is claimed: the ledger gives it to one replica, under a lease,
// and counts the attempt, so no alert is in two hands while a lease runs, whatever else the
// replicas know of each other. What another has claimed stays here until it is known to be settled,
// and is asked for again now and then.
//
// At most two calls to the ledger are under way: one claims, the other says what has come of what
// was claimed, with the place; while one is under way its next gathers. So what consumers answer
// does not wait for what they are given, nor the reverse. Neither need know of the other: a step is
// about the claim whose token it names, and it is the ledger that says in which order they came.
//
// A consumer whose connection is dead without a word looks like one that works. So whoever has let
// its leases run out in silence gets nothing more until it says something, as long as others here
// talk. Where nobody does, each is tried with one alert in the time of a lease: one that lives and
// has lost sight of an alert would otherwise wait for ever, and its alerts with it.
//
// It ends with its last consumer; and when its subscription, its scope or the ledger's history
// becomes another: then its consumers are sent away gently and come back to a new room.
//
// On the scheduler's thread.
class ShareRoom final : public ShareReader::Listener,
                        public std::enable_shared_from_this<ShareRoom> {
 public:
  ShareRoom(std::shared_ptr<ShareHouse> house, ledger::SubscriptionKey key, domain::Scope scope,
            uint32_t seed);

  void Open();
  void Join(const std::shared_ptr<ShareConsumer>& consumer);
  void Beat();
  // Its consumers end gently, and it takes no others.
  void SendAway(EndingReason reason);
  // The process goes away: nothing is said to the ledger any more.
  void Abandon();

  // Of its consumers.
  void Ask(ledger::ShareStep step, std::shared_ptr<ShareConsumer> consumer, uint64_t delivery);
  void OnLeft(ShareConsumer* consumer);
  void Proceed();  // somebody can take more, or something has been asked
  SharedBytes CaptionPiece(const Caption& caption) const;
  SharedBytes EndingPiece(EndingReason reason) const;
  absl::Duration AgeLimit();
  absl::Duration lease() const { return subscription_.sharing->lease; }
  const Shares::Options& options() const { return house_->options; }

  // Of its reader.
  void OnPage(ShareReader::Page page) override;
  void OnReadingEnded(ShareReader* reader, absl::Status status) override;

  const ledger::SubscriptionKey& key() const { return key_; }
  const domain::Scope& scope() const { return scope_; }
  bool halted() const { return halted_; }
  size_t consumers() const { return consumers_.size() + waiting_.size(); }
  size_t in_hand() const;
  size_t silent() const;

 private:
  enum class Phase : uint8_t { kOpening, kServing, kClosing, kClosed };
  struct Asked {
    ledger::ShareStep step;
    std::shared_ptr<ShareConsumer> consumer;  // claims: for whom; others: who hears of it, or null
    uint64_t delivery = 0;
    std::optional<absl::Duration> since;  // the ledger may have done it from then on
  };
  using Batch = std::vector<Asked>;
  // Calls of one kind: one at a time, each of what has gathered.
  struct Lane {
    std::deque<Asked> asked;
    bool calling = false;
  };

  // Opening: the subscription, its place, what is settled beyond it.
  void OnFound(absl::StatusOr<ledger::Subscription> found);
  void OnResolved(absl::StatusOr<ledger::Place> place);
  void Rebase(const absl::Status& gap, ledger::Place place);
  void OnLooked(absl::StatusOr<ledger::ShareState> state);
  void Read(absl::Span<const ledger::EntryKey> beyond);
  void Refuse(const absl::Status& status);

  // Asking.
  struct Hungry {
    std::shared_ptr<ShareConsumer> consumer;
    DeliveryBook::Room room;
  };
  std::vector<Hungry> WhoTakes() const;
  // False: something is due that nobody has space for, until somebody says something.
  bool PlanClaims();
  std::vector<ledger::Subscription::Connection> Connections() const;
  void Flush(bool beat);
  void Settle(bool beat);
  void Claim();
  Batch NextOf(Lane* lane);
  ledger::ShareUpdate NewUpdate();
  void Call(Lane* lane, Batch batch, ledger::ShareUpdate update);
  void OnShared(Lane* lane, const Batch& batch, bool left,
                absl::StatusOr<ledger::ShareResult> result);
  void TakeAnswer(const Asked& asked, const ledger::ShareAnswer& answer);
  void TakeClaim(const Asked& asked, const ledger::ShareAnswer& answer);
  bool Stands(const ledger::ShareResult& result);
  void NoteHalted(bool halted);
  void WakeWhenDue();
  std::string NewToken();

  // What is read by itself: to be buried, or behind what has been looked at.
  void Bury(const ledger::EntryKey& entry, const ledger::ShareAnswer& answer);
  void BuryRead(const ledger::EntryKey& entry, const ledger::ShareAnswer& answer,
                const absl::StatusOr<ledger::LogEntryPtr>& read, bool unconditionally);
  void LookBehind();
  void ReadBehind(const ledger::EntryKey& entry);
  using EntryCallback = std::function<void(absl::StatusOr<ledger::LogEntryPtr>)>;
  void ReadEntry(const ledger::EntryKey& entry, EntryCallback callback);

  void SendAway(const absl::Status& status);
  void Close();
  void FinishClosing();

  const std::shared_ptr<ShareHouse> house_;
  const ledger::SubscriptionKey key_;
  const domain::Scope scope_;
  std::minstd_rand random_;
  const std::string member_;

  Phase phase_ = Phase::kOpening;
  ledger::Subscription subscription_;
  std::unique_ptr<View> view_;
  std::unique_ptr<SharePool> pool_;
  std::shared_ptr<ShareReader> reader_;
  ledger::Place common_;  // the place, as the ledger told it last
  int64_t taken_ = 0;     // as it told last
  bool halted_ = false;

  std::vector<std::shared_ptr<ShareConsumer>> consumers_;
  std::vector<std::shared_ptr<ShareConsumer>> waiting_;  // for the room to open
  size_t next_consumer_ = 0;
  Lane claims_;
  Lane settles_;          // all but claims
  bool failing_ = false;  // until `retry_`
  bool looking_ = false;
  bool posted_ = false;   // a flush
  bool list_due_ = true;  // the ledger is to hear who the consumers are
  bool cut_off_ = false;  // the ledger has nothing more to do with this room
  int openings_ = 0;
  int beats_ = 0;
  uint64_t tokens_ = 0;
  absl::Duration wake_at_ = absl::InfiniteDuration();
  std::unique_ptr<Scheduler::Timer> wake_;
  std::unique_ptr<Scheduler::Timer> retry_;
};

}  // namespace supervision::alerting
