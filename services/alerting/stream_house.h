#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "services/alerting/bundle.h"
#include "services/alerting/deadlines.h"
#include "services/alerting/encoder.h"
#include "services/alerting/hub.h"
#include "services/alerting/log_source.h"
#include "services/alerting/page_reader.h"
#include "services/alerting/page_shelf.h"
#include "services/alerting/scheduler.h"
#include "services/alerting/stream_metrics.h"
#include "services/alerting/tail.h"
#include "services/observability/log.h"

namespace supervision::alerting {

class StreamSession;

// What streams live in: the parts of the hub that they share. Its parts are thread-safe.
class StreamHouse {
 public:
  StreamHouse(std::shared_ptr<LogSource> log_source, std::shared_ptr<Scheduler> loop_scheduler,
              const AlertEncoder* encoder, prometheus::Registry* registry,
              const Hub::Options& options)
      : source(std::move(log_source)),
        scheduler(std::move(loop_scheduler)),
        encoder(encoder),
        options(options),
        metrics(registry),
        tail(options.tail_entries, options.tail_bytes),
        bundles(options.bundle_bytes),
        deadlines(std::make_shared<Deadlines>(scheduler)),
        pages(std::make_shared<PageReader>(source, options.max_concurrent_catch_ups)),
        shelf(std::make_shared<PageShelf>(
            std::make_shared<Turns>(source, scheduler, options.catch_up_turns), pages, scheduler,
            options.shelf_bytes)) {}
  virtual ~StreamHouse() = default;

  // Calls the listeners on the loop's thread.
  virtual void WakeLater(std::vector<Tail::Wake> wakes) = 0;
  // The stream is about to end; its last calls to the house follow.
  virtual void OnEnding(StreamSession* session) = 0;
  // A stream has finished and will not come back.
  virtual void OnEnded() = 0;

  const std::shared_ptr<LogSource> source;
  const std::shared_ptr<Scheduler> scheduler;
  const AlertEncoder* const encoder;
  const Hub::Options options;
  StreamMetrics metrics;
  Tail tail;
  Bundles bundles;
  const std::shared_ptr<Deadlines> deadlines;
  const std::shared_ptr<PageReader> pages;
  const std::shared_ptr<PageShelf> shelf;
};

}  // namespace supervision::alerting
