#include "services/ledger/age_search.h"

#include <string>
#include <utility>

#include "services/ledger/context.h"
#include "services/ledger/reader.h"

namespace supervision::ledger {

void FindFirstSince(Context* context, AgeSearch search,
                    std::function<void(std::optional<int64_t>)> callback) {
  if (search.low >= search.high) return callback(search.low);
  const int64_t middle = search.low + (search.high - search.low) / 2;
  const std::string id = std::to_string(middle) + "-0";
  context->read->Send({"XRANGE", context->keys.Log(search.partition), id, id},
                      context->options->command_timeout,
                      [context, search, middle,
                       callback = std::move(callback)](const redis::Result& result) mutable {
                        if (!result.ok()) return callback(std::nullopt);
                        bool old = true;
                        if (!result.reply().elements.empty()) {
                          const LogEntryPtr entry =
                              ReadEntry(context, search.partition, result.reply().elements[0]);
                          // One that cannot be read has no time: it counts as young.
                          old = entry != nullptr && entry->event.alert.raised_at != absl::Time() &&
                                entry->event.alert.raised_at < search.since;
                        }
                        (old ? search.low : search.high) = old ? middle + 1 : middle;
                        FindFirstSince(context, search, std::move(callback));
                      });
}

}  // namespace supervision::ledger
