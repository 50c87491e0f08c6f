#include "services/alerting/ledger_source.h"

#include <utility>

#include "services/alerting/hub.h"

namespace supervision::alerting {

void LedgerSource::ReadLog(const PageRequest& request, Callback<ledger::LogPage> callback) {
  ledger_->ReadLog(request.partition, request.epoch, request.after, request.max_entries,
                   request.max_bytes, request.timeout, std::move(callback));
}

void LedgerSource::ReadLogAside(const PageRequest& request, Callback<ledger::LogPage> callback) {
  ledger_->ReadLogAside(request.partition, request.epoch, request.after, request.max_entries,
                        request.max_bytes, request.timeout, std::move(callback));
}

void LedgerSource::List(ledger::ListQuery query, absl::Duration timeout,
                        Callback<ledger::ListPage> callback) {
  ledger_->List(std::move(query), timeout, std::move(callback));
}

void LedgerSource::LatestPlace(absl::Duration timeout, Callback<ledger::Place> callback) {
  ledger_->LatestPlace(timeout, std::move(callback));
}

void LedgerSource::EarliestPlace(absl::Duration timeout, Callback<ledger::Place> callback) {
  ledger_->EarliestPlace(timeout, std::move(callback));
}

void LedgerSource::ResolveCursor(std::string cursor, absl::Duration timeout,
                                 Callback<ledger::Place> callback) {
  ledger_->ResolveCursor(std::move(cursor), timeout, std::move(callback));
}

std::optional<ledger::Place> LedgerSource::KnownPlace(const std::string& cursor) const {
  return ledger_->KnownPlace(cursor);
}

std::string LedgerSource::EncodeCursor(const ledger::Place& place) const {
  return ledger_->EncodeCursor(place);
}

void LedgerSource::Follow(ledger::TailObserver* observer) { ledger_->Follow(observer); }

Hub::Ports Hub::Adapt(ledger::Ledger* ledger, redis::Loop* loop) {
  struct Owned {
    LedgerSource source;
    LoopScheduler scheduler;
  };
  auto owned = std::make_shared<Owned>(Owned{LedgerSource(ledger), LoopScheduler(loop)});
  return {std::shared_ptr<LogSource>(owned, &owned->source),
          std::shared_ptr<Scheduler>(owned, &owned->scheduler)};
}

Hub::Hub(ledger::Ledger* ledger, redis::Loop* loop, const AlertEncoder* encoder,
         observability::Logger* log, prometheus::Registry* metrics, Options options)
    : Hub(Adapt(ledger, loop), encoder, log, metrics, std::move(options)) {}

}  // namespace supervision::alerting
