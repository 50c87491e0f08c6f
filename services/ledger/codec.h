#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/domain/alert.h"
#include "services/domain/clue.h"
#include "services/ledger/replaced.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// Values of the domain to and from what lies in Redis (supervision.storage.v1). Text of a clue and
// what names a person is always put into an envelope. Decoding gives nothing for bytes that are
// damaged; numbers of enums that this service does not know are kept as they are.

// One version of a clue, with the request that made it.
struct VersionRecord {
  domain::Clue clue;
  std::string request_id;
  uint32_t alert_version = 0;  // after this change; 0: the clue has no alert
};
// `same_text`, unless empty: the stored version before, whose text and verdict this one has.
std::string EncodeVersion(const VersionRecord& record, std::string_view same_text = {});
std::optional<VersionRecord> DecodeVersion(std::string_view bytes, std::string_view clue_id);

std::string EncodeSummary(const ClueSummary& summary);
std::optional<ClueSummary> DecodeSummary(std::string_view bytes, std::string_view clue_id);

std::string EncodeAlertChange(const AlertChange& change);
std::optional<AlertChange> DecodeAlertChange(std::string_view bytes);

// An entry of the log: the clue after the change, and the facets of its alert's version before.
struct EventRecord {
  ClueSummary summary;
  std::optional<domain::Facets> previous;
};
// `summary`, unless null, gets the event's summary, as EncodeSummary does it.
std::string EncodeEvent(const EventRecord& event, std::string* summary = nullptr,
                        const Replaced& replaced = {});
std::optional<EventRecord> DecodeEvent(std::string_view bytes);

}  // namespace supervision::ledger
