#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace supervision::bench {

inline constexpr char kPartnerToken[] = "example-partner-token";
inline constexpr char kMonitorToken[] = "example-monitor-token";
inline constexpr char kSubmitMethod[] = "/supervision.v1.ClueService/SubmitClue";
inline constexpr char kBatchMethod[] = "/supervision.v1.ClueService/BatchSubmitClues";
inline constexpr char kWatchMethod[] = "/supervision.v1.AlertService/WatchAlerts";

// Makes requests with clues of about 200 code points, all different and all in scope. Thread-safe.
class RequestMaker {
 public:
  std::string Submit();          // serialised SubmitClueRequest
  std::string Batch(int clues);  // serialised BatchSubmitCluesRequest

 private:
  std::atomic<uint64_t> next_ = 0;
};

// Serialised WatchAlertsRequests.
std::string WatchFromEarliest();
std::string WatchFromLatest();

}  // namespace supervision::bench
