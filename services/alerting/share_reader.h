#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/alerting/hub.h"
#include "services/base/mutex.h"
#include "services/ledger/sharing.h"

namespace supervision::alerting {

// Reads the log for a room by one stream of the hub, so that replay, live, scope, filter and
// silences are decided where they are for every stream. It takes no more than the room has space
// for.
//
// Created and called on the scheduler's thread, which is also where the room hears from it.
class ShareReader final : public StreamSink,
                          public Receiver,
                          public std::enable_shared_from_this<ShareReader> {
 public:
  // What one message of the stream had.
  struct Page {
    std::vector<Delivery> deliveries;
    std::vector<SharedBytes> pieces;  // one for each
    ledger::Place place;              // all up to it has been looked at
  };
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnPage(Page page) = 0;
    // The stream has ended; see StreamSink::Finish.
    virtual void OnReadingEnded(ShareReader* reader, absl::Status status) = 0;
  };

  // What is settled beyond the place is not read.
  ShareReader(std::shared_ptr<Scheduler> scheduler, std::weak_ptr<Listener> listener,
              absl::Span<const ledger::EntryKey> beyond);

  // `open` opens the stream of a request.
  using OpenStream = std::function<std::shared_ptr<Session>(Hub::Request, StreamSink*)>;
  void Open(const OpenStream& open, Hub::Request request, size_t room);
  // How many alerts the room has space for beside those that it has been given.
  void SetRoom(size_t room);
  void Close();

  // Of the hub's session.
  void Write(std::vector<SharedBytes> pieces) override;
  void Finish(absl::Status status) override;
  DeliveryBook::Room room() override;
  bool Acknowledged(int partition, int64_t position) override {
    return beyond_.contains({partition, position});
  }
  bool HasNews() override { return false; }
  SharedBytes OnMessage(absl::Span<const Delivery> deliveries, const ledger::Place& place) override;

 private:
  const std::shared_ptr<Scheduler> scheduler_;
  const std::weak_ptr<Listener> listener_;
  const std::set<ledger::EntryKey> beyond_;

  base::Mutex mutex_;
  size_t room_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<Page> page_ ABSL_GUARDED_BY(mutex_);  // of the message that is being written
  std::shared_ptr<Session> session_;                  // the scheduler's thread
  std::shared_ptr<ShareReader> self_ ABSL_GUARDED_BY(mutex_);  // until Finish
};

}  // namespace supervision::alerting
