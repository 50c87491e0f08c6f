#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace supervision::bench {

inline constexpr char kPartnerToken[] = "example-partner-token";
inline constexpr char kMonitorToken[] = "example-monitor-token";
inline constexpr char kSubmitMethod[] = "/supervision.v1.ClueService/SubmitClue";
inline constexpr char kBatchMethod[] = "/supervision.v1.ClueService/BatchSubmitClues";
inline constexpr char kWatchMethod[] = "/supervision.v1.AlertService/WatchAlerts";

// Serialised requests with clues of about 200 code points, all in scope and never twice the same in
// one run: a repeated clue would be answered from the ledger and measure something else.
// Thread-safe.
std::string NextSubmit();          // SubmitClueRequest
std::string NextBatch(int clues);  // BatchSubmitCluesRequest
std::string NextSubmitIn(const std::string& region);

// So many region codes of counties.
std::vector<std::string> Counties(int count);

// Whether the bytes are a message of that type; parses them as a typed client does.
bool ParseEcho(std::string_view answer);          // SubmitClueRequest
bool ParseSubmitAnswer(std::string_view answer);  // SubmitClueResponse
bool ParseBatchAnswer(std::string_view answer);   // BatchSubmitCluesResponse

// How many updates a WatchAlertsResponse has. It is looked through and not parsed: what monitors
// make of an alert they do on machines of their own, and the reference's client parses nothing.
int64_t CountUpdates(const std::string& bytes);

// The texts that these clues take turns with, about 200 code points each.
extern const std::array<std::string_view, 4> kTexts;

// Serialised WatchAlertsRequests.
std::string WatchFromEarliest();
std::string WatchFromLatest();
std::string WatchFromLatestIn(const std::string& region);
std::string WatchFromCursor(const std::string& cursor);

}  // namespace supervision::bench
