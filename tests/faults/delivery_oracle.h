#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/faults/oracle.h"

// The simple model of what monitors have to be told while their filters and scopes change, and of
// what they may be told. It knows what was published, in what order, and what each monitor wrote
// down; it never asks the service.
namespace supervision::faults {

// One version of an alert, in the order in which its partition's log has it.
struct Published {
  Told what;
  int partition = 0;
  std::string region;
  std::optional<std::string> before;  // the region that the version before it had
  bool withdrawn = false;             // the clue was taken back with it
};

// What a monitor may see and wants to see for a while: prefixes of region codes, none: all.
struct View {
  std::vector<std::string> scope;
  std::string filter;
  bool Passes(const std::string& region) const;
};

// One update as a monitor heard of it.
struct Heard {
  Told what;
  bool left = false;       // not what it says now, only that the monitor does not see it any more
  size_t connection = 0;   // of MonitorRecord::connections
  size_t latest_view = 0;  // the newest that could be in force when it came
  // Of a subscription: the service has said that it keeps the acknowledgement.
  bool kept = false;
  bool withdrawn = false;  // it says so
};

// What one monitor was told from its first connection on.
struct MonitorRecord {
  std::string name;
  bool acknowledges = false;  // a subscription: what was not kept may come again
  size_t begins_at = 0;       // alerts published before do not concern it
  struct Connection {
    size_t view = 0;  // the oldest that could be in force on it
    bool told_gap = false;
  };
  std::vector<Connection> connections;
  std::vector<Heard> heard;
  struct ViewChange {
    View view;
    // How many alerts were published when it was certainly in force; nothing: not yet.
    std::optional<size_t> certain_at;
  };
  std::vector<ViewChange> views;  // at least one, in force from the beginning
};

struct DeliveryEvidence {
  std::vector<Published> published;
  // Alerts with a lower number may have been trimmed when a monitor was told of a gap.
  size_t trimmed_below = 0;
  std::vector<MonitorRecord> monitors;
};

// Every broken promise in one sentence each; empty when all were kept:
//   - nothing was told that was not published, or that no view in force let through; that one has
//     left was told where a view in force let through the version before, and not this one;
//   - a withdrawal was told as one, to those who see the clue, and nothing else was;
//   - in one partition everything came in the log's order: over all connections of a monitor with a
//     cursor, which is so told nothing twice, and on each connection of a subscription;
//   - a subscription was not told again what was said to be kept;
//   - everything that every view from then on lets through, or has leave it, was told, except what
//     was trimmed before a gap that was told.
std::vector<std::string> Judge(const DeliveryEvidence& evidence);

// Mistakes to plant into a record that Judge finds no fault with.
enum class Plant { kDropOne, kDoubleOne, kSwapTwo, kOutsideTheScope, kToldAfterItLeft };
// False where the record has too little for this one.
bool PlantFault(Plant plant, DeliveryEvidence* evidence, size_t monitor);

}  // namespace supervision::faults
