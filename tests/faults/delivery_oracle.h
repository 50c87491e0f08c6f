#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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
  int attempt = 0;         // of a share: it was handed over so often
  bool followed = false;   // of a snapshot: it came when that had been told
};

// What one monitor was told from its first connection on.
struct MonitorRecord {
  // By what it goes on after a break.
  enum class Course {
    kCursor,
    kSubscription,  // what was not kept may come again
    kShare,         // the same, in any order; of all consumers together
    kSnapshots,     // each connection begins with what is open
  };
  std::string name;
  Course course = Course::kCursor;
  size_t begins_at = 0;  // alerts published before do not concern it
  struct Connection {
    size_t view = 0;  // the oldest that could be in force on it
    bool told_gap = false;
    // Of a snapshot: so many had been published when it was asked for, and so many had been begun
    // with when all of it had been told; nothing: it never was.
    size_t opened_at = 0;
    std::optional<size_t> snapshot_told_at;
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
  // The last of each partition that everyone was told; whoever heard them has heard everything.
  std::vector<Told> last;
  std::vector<MonitorRecord> monitors;
};

// Every broken promise in one sentence each; empty when all were kept:
//   - nothing was told that was not published, or that no view in force let through; that one has
//     left was told where a view in force let through the version before, and not this one;
//   - a withdrawal was told as one, to those who see the clue, and nothing else was;
//   - in one partition everything came in the log's order: over all connections of a monitor with a
//     cursor, which is so told nothing twice, and on each connection of a subscription;
//   - a subscription was not told again what was said to be kept; nor was a share, by an attempt
//     that came after that one;
//   - everything that every view from then on lets through, or has leave it, was told, except what
//     was trimmed before a gap that was told;
//   - of snapshots, what JudgeSnapshots says.
std::vector<std::string> Judge(const DeliveryEvidence& evidence);

// Where in `published` each line of ToLine is.
using Numbers = std::map<std::string, size_t>;
// Of a monitor that begins with a snapshot on each connection, on each of them:
//   - no version was told twice, and none after a later one of its clue;
//   - the snapshot had nothing older than what had been published when it was asked for, and what
//     followed it came in the log's order;
//   - once the snapshot was told, everything had been that its views let through and that was
//     published before, but for what another version took the place of meanwhile; and on a
//     connection that was told the last of each partition everything else.
void JudgeSnapshots(const DeliveryEvidence& evidence, const MonitorRecord& record,
                    const Numbers& numbers, std::vector<std::string>* broken);

// All of it, a line for each thing, for whoever looks for what broke a promise.
std::string Describe(const DeliveryEvidence& evidence);

// The record of several consumers of one share.
MonitorRecord Together(MonitorRecord one, const MonitorRecord& other);

// Mistakes to plant into a record that Judge finds no fault with.
enum class Plant { kDropOne, kDoubleOne, kSwapTwo, kOutsideTheScope, kToldAfterItLeft };
// False where the record has too little for this one, or is no place for it.
bool PlantFault(Plant plant, DeliveryEvidence* evidence, size_t monitor);

}  // namespace supervision::faults
