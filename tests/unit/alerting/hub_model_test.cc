// Random lives of streams against a plain model: whatever a client does (reads, stops reading,
// goes away, comes back with a cursor that it kept), it has been told exactly what its view passes,
// in order, each once.

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {
namespace {

constexpr int kPartitions = 2;

// A monitor over all its streams: what it holds is what a client would have written down.
struct Monitor {
  domain::Filter filter;
  std::string principal;  // from whom silences may hide
  std::unique_ptr<TestStream> stream;
  std::string cursor;  // of the last stream
  std::vector<std::string> told;

  // A message that was written is a message that the client has: takes over what is new.
  void GoAway() {
    stream->Cancel();
    const std::vector<std::string> updates = stream->updates();
    told.insert(told.end(), updates.begin(), updates.end());
    if (!stream->cursor().empty()) cursor = stream->cursor();
    stream.reset();
  }
};

struct ModelEntry {
  std::string id;
  domain::Risk risk;
  std::string hidden_from;
};

class HubModelTest : public HubFixture {
 protected:
  HubModelTest() : HubFixture(kPartitions) {}

  static std::vector<std::string> Of(const std::vector<std::string>& updates, int partition) {
    std::vector<std::string> own;
    for (const std::string& update : updates) {
      if (update[1] - '0' == partition) own.push_back(update);
    }
    return own;
  }

  void RunOneLife(uint32_t seed);
};

void HubModelTest::RunOneLife(uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<uint32_t>(n)); };
  Hub::Options options;
  // Half of the lives are of streams that are told of whole pages and stretches of the tail.
  const bool large = below(2) == 0;
  options.tail_entries = 1 + below(large ? 200 : 40);
  options.max_alerts_per_message = 1 + below(large ? 256 : 6);
  options.max_concurrent_catch_ups = 1 + below(3);
  options.shelf_bytes = static_cast<size_t>(below(40'000));
  options.bundle_bytes = static_cast<size_t>(below(40'000));
  const int most_at_once = large ? 120 : 12;
  const std::vector<std::string> principals = {"", "wang", "li"};
  FakeLog log(&scheduler_, kPartitions);
  std::vector<std::vector<ModelEntry>> model(kPartitions);
  std::vector<Monitor> monitors(5);
  for (Monitor& monitor : monitors) {
    monitor.filter.min_risk = static_cast<domain::Risk>(below(4));
    monitor.principal = principals[static_cast<size_t>(below(3))];
    monitor.cursor = "1.0,1.0,";
  }
  {
    Hub hub(&log, &scheduler_, &encoder_, observability::Logger::Null(), &registry_, options);
    const auto come = [&](Monitor& monitor, bool eager) {
      Hub::Request request = Behind(monitor.cursor);
      request.filter = monitor.filter;
      request.principal = monitor.principal;
      monitor.stream =
          eager ? std::make_unique<TestStream>(TestStream::Eager) : std::make_unique<TestStream>();
      monitor.stream->Open(&hub, request);
    };
    for (int step = 0; step < 400; ++step) {
      Monitor& monitor = monitors[below(static_cast<int>(monitors.size()))];
      switch (below(10)) {
        case 0:
        case 1:
        case 2: {
          const int partition = below(kPartitions);
          for (int i = below(most_at_once); i >= 0; --i) {
            const std::string id =
                "p" + std::to_string(partition) + "-" + std::to_string(model[partition].size() + 1);
            const auto risk = static_cast<domain::Risk>(1 + below(3));
            const std::string hidden_from =
                below(40) == 0 ? principals[static_cast<size_t>(below(3))] : "";
            model[partition].push_back({id, risk, hidden_from});
            domain::ChangeEvent event = NewAlert(id, risk);
            if (!hidden_from.empty()) event.alert.facets.silences = {{"s1", {hidden_from}}};
            log.Append(partition, std::move(event));
          }
          break;
        }
        case 3:
          if (monitor.stream == nullptr) come(monitor, below(2) == 0);
          break;
        case 4:
          if (monitor.stream != nullptr && below(2) == 0) monitor.GoAway();
          break;
        case 5:
        case 6:
          if (monitor.stream != nullptr) monitor.stream->Take();
          break;
        case 7:
          scheduler_.RunOne();
          break;
        case 8:
          scheduler_.Advance(absl::Milliseconds(below(3000)));
          break;
        case 9:
          if (below(4) == 0) log.FailReads(below(3));
          if (below(4) == 0) log.HoldTail(below(2) == 0);
          if (below(4) == 0) log.HoldReads(below(2) == 0);
          if (below(8) == 0) log.DropNews(1 + below(3));
          break;
      }
    }
    log.FailReads(0);
    log.HoldReads(false);
    log.DropNews(0);
    log.HoldTail(false);
    for (Monitor& monitor : monitors) {
      if (monitor.stream != nullptr) monitor.GoAway();
      come(monitor, true);
    }
    scheduler_.Advance(absl::Seconds(30));
    for (Monitor& monitor : monitors) {
      ASSERT_FALSE(monitor.stream->finished().has_value()) << *monitor.stream->finished();
      monitor.GoAway();
    }
    EXPECT_EQ(hub.census().sessions, 0u);
    EXPECT_EQ(hub.census().waiting, 0u);
  }
  scheduler_.RunUntilIdle();
  for (const Monitor& monitor : monitors) {
    for (int partition = 0; partition < kPartitions; ++partition) {
      std::vector<std::string> expected;
      for (const ModelEntry& entry : model[partition]) {
        if (entry.risk < monitor.filter.min_risk) continue;
        const bool hidden = !entry.hidden_from.empty() && entry.hidden_from == monitor.principal;
        if (!hidden) expected.push_back(entry.id + " 1 full");
      }
      const std::vector<std::string> told = Of(monitor.told, partition);
      const auto [at, wanted] =
          std::mismatch(told.begin(), told.end(), expected.begin(), expected.end());
      ASSERT_EQ(told.size(), expected.size())
          << "differ at " << (wanted == expected.end() ? "the end" : *wanted);
      ASSERT_EQ(at, told.end()) << "told " << *at << " for " << *wanted;
    }
  }
}

TEST_F(HubModelTest, WhateverClientsDoTheyAreToldAllInOrderOnce) {
  uint32_t first = std::random_device()();
  if (const char* fixed = std::getenv("SUPERVISION_SEED")) {
    first = static_cast<uint32_t>(std::strtoul(fixed, nullptr, 10));
  }
  for (uint32_t round = 0; round < 60; ++round) {
    SCOPED_TRACE("SUPERVISION_SEED=" + std::to_string(first + round));
    RunOneLife(first + round);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace supervision::alerting
