#pragma once

#include <atomic>
#include <memory>

#include "services/alerting/share_metrics.h"
#include "services/alerting/shares.h"

namespace supervision::alerting {

class ShareRoom;

// What rooms live in: the parts that they share. Its parts are thread-safe.
class ShareHouse {
 public:
  ShareHouse(const Shares::Parts& parts, const Shares::Options& options)
      : source(parts.source),
        keeper(parts.keeper),
        scheduler(parts.scheduler),
        alerts(parts.alerts),
        captions(parts.captions),
        log(parts.log),
        options(options),
        metrics(parts.metrics) {}
  virtual ~ShareHouse() = default;

  // A stream of the hub; null when the house is going down.
  virtual std::shared_ptr<Session> OpenStream(Hub::Request request, StreamSink* sink) = 0;
  // A room takes nobody any more.
  virtual void OnClosing(ShareRoom* room) = 0;
  // It has left the ledger.
  virtual void OnClosed(ShareRoom* room) = 0;

  const std::shared_ptr<LogSource> source;
  const std::shared_ptr<ShareKeeper> keeper;
  const std::shared_ptr<Scheduler> scheduler;
  const AlertEncoder* const alerts;
  const CaptionEncoder* const captions;
  observability::Logger* const log;
  const Shares::Options options;
  ShareMetrics metrics;
};

}  // namespace supervision::alerting
