#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/alerting/shares.h"

namespace supervision::alerting {

class ShareRoom;

// One consumer of a shared subscription: what it has in hand, and what it is told. It asks for
// nothing while a message is being written, so that what is claimed goes out at once; and for a few
// messages at a time, so that a call to the ledger is worth its while when there is much to do.
// What it has no time left for when its turn comes is not sent: another will have it.
//
// What the carrier calls may be called on any thread and is done on the scheduler's; all the rest
// is called there.
class ShareConsumer final : public SharedConnection,
                            public std::enable_shared_from_this<ShareConsumer> {
 public:
  ShareConsumer(std::shared_ptr<Scheduler> scheduler, Consumers::Request request, StreamSink* sink)
      : scheduler_(std::move(scheduler)),
        request_(std::move(request)),
        sink_(sink),
        window_(request_.window) {}

  // Connection.
  void OnWritten(bool ok) override;
  void OnCancelled() override;
  void Acknowledge(uint64_t through, absl::Span<const uint64_t> singles) override;
  void SetWindow(DeliveryBook::Window window) override;
  void Fail(absl::Status status) override;
  void OnSentAll() override;
  void Reject(absl::Span<const uint64_t> deliveries, std::string reason,
              absl::Duration delay) override;
  void Extend(absl::Span<const uint64_t> deliveries) override;

  // Of the room. An alert that has been claimed for it.
  struct Handed {
    ledger::EntryKey entry;
    std::string token;
    SharedBytes piece;
    int attempts = 0;
    absl::Duration since;  // when the lease may have begun
  };
  void Enter(std::shared_ptr<ShareRoom> room);
  // What may be claimed for it now; nothing also while it has not taken its last message.
  DeliveryBook::Room room() const;
  // It has let leases run out and has said nothing while they ran: what it has in hand is handed to
  // others, and so would be whatever it got now, each one lease later. Whatever it says ends that.
  bool silent() const;
  // Of a silent one: whether it may be given one alert, to see whether it lives.
  bool MayBeTried() const;
  void Give(Handed handed);
  // What the ledger answered to a step about a delivery of this consumer.
  void OnAnswer(uint64_t delivery, ledger::ShareStep::What what, bool done);
  // The answers of a call to the ledger are in.
  void OnAnswers() {
    Speak(false);
    FinishIfDone();
  }
  // It ends with an error as soon as it can.
  bool doomed() const { return fate_.has_value(); }
  // Ends before it has entered a room, with its own error where it has one.
  void Refuse(absl::Status status) { Finish(fate_.value_or(std::move(status)), false); }
  // Writes what there is to say. `greet`: something in any case.
  void Speak(bool greet);
  void TellHalted() { halted_ = true; }
  // Ends: with OK and an ending message, or with an error.
  void EndGently(EndingReason reason);
  void EndWith(absl::Status status);
  void OnBeat();

  const ledger::SubscriptionKey& key() const { return request_.key; }
  const domain::Scope& scope() const { return request_.scope; }
  const Peer& peer() const { return request_.peer; }
  size_t in_hand() const { return open_.size() + to_send_.size(); }
  bool finished() const { return finished_; }

 private:
  struct Open {
    ledger::EntryKey entry;
    std::string token;
    size_t bytes = 0;
    absl::Duration claimed_at;
    bool answered = false;  // by the consumer; the ledger has yet to say
  };
  using Opens = std::map<uint64_t, Open>;

  void Post(std::function<void()> task) { scheduler_->Post(std::move(task)); }
  // The delivery, where it is in hand and has not been answered. Ends the stream where a number was
  // never sent.
  Open* Find(uint64_t delivery);
  void Ask(uint64_t delivery, Open* open, ledger::ShareStep step);
  void Heard();
  void TakeWritten(bool ok);
  void TakeToSend(std::vector<SharedBytes>* pieces, Caption* caption);
  void GiveBack(const ledger::EntryKey& entry, const std::string& token, bool uncounted,
                ShareRoom* room);
  void Finish(absl::Status status, bool counts);
  void FinishIfDone();

  const std::shared_ptr<Scheduler> scheduler_;
  const Consumers::Request request_;
  StreamSink* const sink_;
  DeliveryBook::Window window_;
  std::shared_ptr<ShareRoom> room_;  // until it has finished

  Opens open_;  // sent
  size_t bytes_in_hand_ = 0;
  uint64_t next_delivery_ = 1;
  std::deque<Handed> to_send_;
  uint64_t sending_from_ = 0;  // deliveries of the message that is being written; 0: none
  std::vector<uint64_t> kept_;
  std::vector<uint64_t> refused_;
  bool halted_ = false;

  bool writing_ = false;
  bool ending_sent_ = false;
  bool sent_all_ = false;  // by the client
  bool finished_ = false;
  absl::Duration spoke_at_;
  // Since when it owes a word: since its last one, or since it has had something in hand.
  absl::Duration quiet_since_;
  absl::Duration tried_at_ = -absl::InfiniteDuration();
  absl::Duration end_at_ = absl::InfiniteDuration();  // for its age
  std::optional<absl::Duration> end_by_;
  std::optional<EndingReason> gently_;
  std::optional<absl::Status> fate_;
};

}  // namespace supervision::alerting
