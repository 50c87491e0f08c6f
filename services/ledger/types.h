#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/domain/alert.h"
#include "services/domain/alert_life.h"
#include "services/domain/visibility.h"

namespace supervision::ledger {

// By which a partner knows a clue: its own record, or the first request_id where it has no records.
struct Identity {
  std::string partner;
  std::string source_record_id;
  std::string request_id;  // used only when source_record_id is empty
};

// A new clue, valid and sorted. Its identity is (partner, content.source_record_id or request_id).
struct Submission {
  std::string partner;
  std::string request_id;
  domain::ClueContent content;
  domain::Verdict verdict;
  bool backfill = false;     // history: alerts nobody
  std::string trace_parent;  // W3C traceparent; empty: none
};

// A new version of a clue of `partner`.
struct Revision {
  std::string partner;
  std::string request_id;
  std::string clue_id;
  std::string etag;
  domain::ClueContent content;
  domain::Verdict verdict;
  std::string trace_parent;  // W3C traceparent; empty: none
};

struct Withdrawal {
  std::string partner;
  std::string request_id;
  std::string clue_id;
  std::string etag;
  std::string reason;
  std::string trace_parent;  // W3C traceparent; empty: none
};

// Another class or risk for a clue, beside the machine's verdict; see domain/standing.h. Each
// author has request_ids of its own within a clue; those of the system name the clue's version and
// the rules.
struct CorrectionRequest {
  domain::CorrectedBy by = domain::CorrectedBy::kPerson;
  std::string author;   // id of the principal; kSystemAuthor
  domain::Scope scope;  // what the author sees: CLUE_NOT_FOUND outside
  std::string request_id;
  std::string clue_id;
  std::string etag;
  std::string reason;
  domain::Finding finding;  // by a person
  // By the system: that of the later rules, with their version. Without a scenario the request is
  // only answered if it was answered before, and else refused.
  domain::Verdict verdict;
  std::string trace_parent;  // W3C traceparent; empty: none
};

// A step of an alert's life; see domain/alert_life.h. Each principal has request_ids of its own
// within an alert.
struct AlertStepRequest {
  domain::Scope scope;  // what the caller sees: ALERT_NOT_FOUND outside
  std::string request_id;
  std::string alert_id;
  std::string etag;
  domain::AlertStep step;                    // by the caller
  std::optional<domain::Scope> owner_scope;  // kAssign: what the owner sees; nothing: nobody can
  std::string trace_parent;                  // W3C traceparent; empty: none
};

// What a step made of an alert, as it is kept.
struct AlertChange {
  uint32_t alert_version = 0;
  domain::AlertKind kind = domain::AlertKind::kUnspecified;
  domain::AlertState state = domain::AlertState::kUnspecified;
  std::string owner;
  domain::Handling handling;
  bool operator==(const AlertChange&) const = default;
};

// A step that was taken once.
struct PastChange : AlertChange {
  domain::Confidentiality confidentiality;  // of the clue: the stricter of then and now
};

// Who is reviewing a clue, so that no other does the same.
struct Claim {
  std::string holder;  // id of the principal
  absl::Time until;    // then it ends by itself
  bool operator==(const Claim&) const = default;
};

struct Durability {
  bool fsynced = false;  // in the append-only file, synchronised
  int replicas = 0;      // that had received it
};

// What an accepted change is answered with; the same again for the same request_id, whatever has
// happened to the clue or the rules since.
struct Receipt {
  std::string clue_id;
  uint32_t version = 0;
  std::string etag;
  domain::Verdict verdict;
  std::string alert_id;  // empty: the clue has no alert
  absl::Time accepted_at;
  Durability durability;
  bool repeated = false;  // answered from the ledger: nothing was written
  // Of a step of an alert's life: then the etag is the alert's, and there is no version or verdict.
  std::shared_ptr<const AlertChange> step;
};

// What a step of an alert's life is answered with; the same again for the same request_id.
struct AlertReceipt {
  std::string alert_id;
  AlertChange change;
  std::string etag;
  Durability durability;
  bool repeated = false;
};

// A clue as it stands.
struct ClueRecord {
  domain::Clue clue;
  std::string etag;
  domain::Alert alert;  // version 0: none
};

// A clue in a list.
struct ClueSummary {
  std::string clue_id;
  uint32_t version = 0;
  domain::ClueState state = domain::ClueState::kUnspecified;
  bool backfill = false;
  domain::Alert alert;  // facets, times and title are set even when version is 0 (no alert)
  // Versions that a person's word made, oldest first; of several on one text only the last.
  std::vector<uint32_t> corrections;
};

struct ListQuery {
  // kAlerts: only clues that have an alert; kCorrections: only those that a person has corrected,
  // and a page is as full as they have corrections.
  enum class Kind { kClues, kAlerts, kCorrections };
  Kind kind = Kind::kClues;
  domain::Scope scope;
  domain::Filter filter;
  std::string partner;                                        // empty: any
  domain::ClueState state = domain::ClueState::kUnspecified;  // unspecified: any
  std::optional<absl::Time> received_from;
  std::optional<absl::Time> received_before;
  std::string hidden_from;  // kAlerts: without what silences hide from this principal; empty: all
  int page_size = 50;       // 1 to 500
  std::string page_token;
};

struct ListPage {
  std::vector<ClueSummary> clues;  // newest first
  std::string next_page_token;     // empty: no more
};

// What waits for a reviewer.
struct ReviewQuery {
  enum class Claims { kAny, kFree, kMine };
  domain::Scope scope;
  domain::Filter filter;
  Claims claims = Claims::kAny;
  std::string caller;  // whose kMine are
  int page_size = 50;  // 1 to 500
  std::string page_token;
};

struct ReviewItem {
  ClueSummary clue;
  std::string etag;
  std::optional<Claim> claim;  // nothing: free
};

struct ReviewPage {
  std::vector<ReviewItem> items;  // in the order of the queue; see review_walk.h
  std::string next_page_token;    // empty: no more
};

struct ClaimRequest {
  domain::Scope scope;
  std::string holder;
  std::string clue_id;
  absl::Duration lease;
};

// A person's word on a clue, with the text that it judged.
struct CorrectedClue {
  domain::Clue clue;                        // the version that the correction made
  domain::ClueState state;                  // of the clue now
  domain::Confidentiality confidentiality;  // the stricter of then and now
  bool superseded = false;                  // the clue has had another text since
};

struct CorrectionPage {
  std::vector<CorrectedClue> corrections;  // newest clue first, and of a clue the newest word
  std::string next_page_token;             // empty: no more
};

// A version of a clue as it was, without its content.
struct PastVersion : domain::Clue {
  domain::Confidentiality confidentiality;  // the stricter of then and now
};

// The versions of a clue that are seen, oldest first.
struct History {
  std::vector<PastVersion> versions;
};

// One entry of the log. Immutable and shared between all streams.
struct LogEntry {
  int partition = 0;
  int64_t position = 0;  // dense: 1, 2, 3, …
  domain::ChangeEvent event;
  size_t bytes = 0;  // of the stored event
};
using LogEntryPtr = std::shared_ptr<const LogEntry>;

// A place in the ledger: for each partition the epoch and the position behind which one goes on.
struct Place {
  std::vector<int64_t> epochs;
  std::vector<int64_t> positions;
  bool operator==(const Place&) const = default;
};

struct LogPage {
  std::vector<LogEntryPtr> entries;
  int64_t end = 0;       // last position of the partition when it was read
  int64_t earliest = 0;  // first position that is left; end + 1 when none is
};

struct PartitionState {
  int64_t epoch = 1;
  int64_t earliest = 1;
  int64_t end = 0;
  int64_t confirmed = 0;  // what may be told: end, or less while replicas have yet to confirm
  int64_t log_bytes = 0;
  int64_t trims = 0;  // gap records
};

// What the ledger says of itself; see Ledger::state().
struct LedgerState {
  bool open = false;                           // created or found, schema understood
  bool ready = false;                          // the promise "durable before answered" can be kept
  std::vector<std::string> not_ready_because;  // a sentence each
  std::string ledger_id;                       // 32 hexadecimal digits
  int schema_version = 0;
  std::vector<PartitionState> partitions;
  bool connected = false;
  std::string redis_version;
  bool durable = false;
  std::vector<std::string> shortfalls;
  int64_t used_memory_bytes = 0;
  int replicas = 0;
  int64_t queued = 0;  // changes that wait for a commit
};

}  // namespace supervision::ledger
