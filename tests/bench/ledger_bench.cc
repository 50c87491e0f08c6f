// The ledger alone, without gRPC and classification: what the commit and the lists can do.
//
//   ledger_bench commit [CLUES [PARTITIONS [REPLICAS]]]
//       durable commits/s at 1 to 4,096 in flight, fsync on every write, confirmed by replicas of
//       Redis where they are asked for (each is one more redis-server on this machine)
//   ledger_bench list [CLUES]
//       fills a ledger, then p50 and p99 of pages under each condition
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "prometheus/registry.h"
#include "services/domain/error.h"
#include "services/ledger/ledger.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace supervision {
namespace {

using Time = std::chrono::steady_clock::time_point;

double SecondsSince(Time start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double OwnCpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

constexpr absl::Duration kTimeout = absl::Minutes(1);

// A clue of about 200 characters with facets spread as in a city.
ledger::Submission MakeSubmission(int64_t number) {
  std::mt19937_64 random(static_cast<uint64_t>(number));
  ledger::Submission submission;
  submission.partner = "partner-" + std::to_string(random() % 20);
  submission.request_id = "request-" + std::to_string(number);
  submission.content.source_record_id = "record-" + std::to_string(number);
  submission.content.title = "处罚决定书没有送达当事人";
  for (int i = 0; i < 20; ++i) submission.content.content += "罚款已经扣缴决定书没有";
  char region[8];
  std::snprintf(region, sizeof(region), "3301%02d", static_cast<int>(random() % 13));
  submission.content.region_code = region;
  submission.content.unit.name = "某单位" + std::to_string(random() % 500);
  submission.verdict.scenario = domain::kScenarios[random() % domain::kScenarios.size()];
  const uint64_t risk = random() % 100;
  submission.verdict.risk = risk < 5    ? domain::Risk::kHigh
                            : risk < 30 ? domain::Risk::kMedium
                                        : domain::Risk::kLow;
  submission.verdict.confidence = 0.8f;
  submission.verdict.problem_codes = {"ENF-24"};
  submission.verdict.risk_reasons = {{"BASE:ENF-24", 45, "未依法送达", "not served"}};
  submission.verdict.evidence = {
      {domain::TextPart::kContent, 6, 11, "rule-1", submission.verdict.scenario, 2.0f}};
  submission.verdict.rules_version = "rules-1+0123456789ab";
  submission.verdict.catalogue_version = "catalogue-1";
  return submission;
}

class Bench {
 public:
  explicit Bench(int partitions = 1, int replicas = 0)
      : server_(ServerOptions()),
        replicas_(StartReplicas(replicas)),
        ledger_(&loop_, base::Clock::System(), observability::Logger::Null(), &registry_,
                Options(partitions)) {
    testing::Eventually([this] { return ledger_.state().ready; });
    // A replica counts as connected while it still loads, and confirms nothing yet.
    if (replicas > 0) Commit(1, 1);
  }

  // Commits `count` clues with `in_flight` of them waiting at any time; seconds. A clue that is not
  // accepted is sent again after the delay that the answer names, and is counted.
  double Commit(int64_t count, int in_flight) {
    const Time start = std::chrono::steady_clock::now();
    count_ = count;
    begun_ = ended_ = 0;
    done_ = std::promise<void>();
    for (int i = 0; i < std::min<int64_t>(in_flight, count); ++i) Next();
    done_.get_future().wait();
    for (const auto& [reason, times] : refusals_) {
      std::printf("%s: %ld times\n", reason.c_str(), static_cast<long>(times));
    }
    refusals_.clear();
    return SecondsSince(start);
  }

  // Seconds of one page.
  double Page(ledger::ListQuery* query) {
    const Time start = std::chrono::steady_clock::now();
    std::promise<absl::StatusOr<ledger::ListPage>> promise;
    ledger_.List(*query, kTimeout, [&promise](absl::StatusOr<ledger::ListPage> page) {
      promise.set_value(std::move(page));
    });
    const auto page = promise.get_future().get();
    const double seconds = SecondsSince(start);
    query->page_token = page.ok() ? page->next_page_token : "";
    return seconds;
  }

  // A number of INFO.
  double Info(const std::string& section, const std::string& name) {
    const std::string info = server_.Call({"INFO", section});
    const size_t at = info.find(name + ":");
    return at == std::string::npos ? 0 : std::atof(info.c_str() + at + name.size() + 1);
  }
  double RedisCpuSeconds() { return Info("cpu", "used_cpu_sys") + Info("cpu", "used_cpu_user"); }

 private:
  void Next() {
    if (begun_.fetch_add(1) < count_) Send(made_++);
  }
  void Send(int64_t number) {
    ledger_.Submit(MakeSubmission(number), kTimeout,
                   [this, number](const absl::StatusOr<ledger::Receipt>& receipt) {
                     if (!receipt.ok()) return SendAgain(number, receipt.status());
                     Next();
                     if (++ended_ == count_) done_.set_value();
                   });
  }
  // On the loop's thread.
  void SendAgain(int64_t number, const absl::Status& status) {
    const std::optional<domain::ErrorDetail> detail = domain::DetailOf(status);
    ++refusals_[detail.has_value() ? std::string(domain::Row(detail->reason).name) : "?"];
    const absl::Duration delay =
        detail.has_value() ? detail->retry_after.value_or(absl::Seconds(1)) : absl::Seconds(1);
    timers_[number] = loop_.RunAfter(delay, [this, number] {
      timers_.erase(number);
      Send(number);
    });
  }

  static testing::RedisServer::Options ServerOptions() {
    testing::RedisServer::Options options;
    options.tcp = true;
    options.settings = {"--repl-diskless-sync-delay", "0"};
    return options;
  }
  std::vector<std::unique_ptr<testing::RedisServer>> StartReplicas(int count) {
    std::vector<std::unique_ptr<testing::RedisServer>> replicas;
    for (int i = 0; i < count; ++i) {
      replicas.push_back(std::make_unique<testing::RedisServer>(ServerOptions()));
      replicas.back()->Call({"REPLICAOF", "127.0.0.1", std::to_string(server_.port())});
    }
    return replicas;
  }
  ledger::Ledger::Options Options(int partitions) {
    ledger::Ledger::Options options;
    options.address.unix_path = server_.path();
    options.max_queued = 8192;
    options.partitions = partitions;
    options.replicas = static_cast<int>(replicas_.size());
    return options;
  }

  testing::RedisServer server_;
  const std::vector<std::unique_ptr<testing::RedisServer>> replicas_;
  redis::Loop loop_;
  prometheus::Registry registry_;
  ledger::Ledger ledger_;
  std::atomic<int64_t> made_ = 0;
  std::atomic<int64_t> count_ = 0;
  std::atomic<int64_t> begun_ = 0;
  std::atomic<int64_t> ended_ = 0;
  std::promise<void> done_;
  std::map<int64_t, std::unique_ptr<redis::Loop::Timer>> timers_;
  std::map<std::string, int64_t> refusals_;
};

void RunCommit(int64_t clues, int partitions, int replicas) {
  Bench bench(partitions, replicas);
  // The processor time tells what a busy machine hides.
  std::printf("%9s %12s %12s %14s %14s\n", "in flight", "commits/s", "ms each", "our us/clue",
              "Redis us/clue");
  for (const int in_flight : {1, 16, 64, 256, 1024, 4096}) {
    const int64_t count = std::min<int64_t>(clues, in_flight == 1 ? 2000 : 100 * in_flight);
    const double own = OwnCpuSeconds();
    const double redis = bench.RedisCpuSeconds();
    const double seconds = bench.Commit(count, in_flight);
    const auto clues_done = static_cast<double>(count);
    std::printf("%9d %12.0f %12.2f %14.1f %14.1f\n", in_flight, clues_done / seconds,
                1000 * seconds * in_flight / clues_done, 1e6 * (OwnCpuSeconds() - own) / clues_done,
                1e6 * (bench.RedisCpuSeconds() - redis) / clues_done);
  }
}

void RunList(int64_t clues) {
  Bench bench;
  const double seconds = bench.Commit(clues, 2048);
  std::printf("%ld clues committed in %.1f s (%.0f/s); Redis uses %.2f GB\n",
              static_cast<long>(clues), seconds, static_cast<double>(clues) / seconds,
              bench.Info("memory", "used_memory") / 1e9);
  const struct {
    const char* name;
    std::function<void(ledger::ListQuery*)> set;
  } conditions[] = {
      {"no condition", [](ledger::ListQuery*) {}},
      {"one scenario", [](ledger::ListQuery* q) { q->filter.scenarios.set(4); }},
      {"HIGH", [](ledger::ListQuery* q) { q->filter.min_risk = domain::Risk::kHigh; }},
      {"one unit", [](ledger::ListQuery* q) { q->filter.unit = "某单位7"; }},
      {"one region", [](ledger::ListQuery* q) { q->filter.region_prefix = "330106"; }},
      {"one partner", [](ledger::ListQuery* q) { q->partner = "partner-3"; }},
      {"scenario, HIGH, region",
       [](ledger::ListQuery* q) {
         q->filter.scenarios.set(4);
         q->filter.min_risk = domain::Risk::kHigh;
         q->filter.region_prefix = "330106";
       }},
  };
  std::printf("%-24s %10s %10s\n", "pages of 50", "p50 ms", "p99 ms");
  for (const auto& condition : conditions) {
    std::vector<double> times;
    ledger::ListQuery query;
    condition.set(&query);
    for (int i = 0; i < 1000; ++i) times.push_back(bench.Page(&query));
    std::sort(times.begin(), times.end());
    std::printf("%-24s %10.2f %10.2f\n", condition.name, 1000 * times[times.size() / 2],
                1000 * times[times.size() * 99 / 100]);
  }
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "commit";
  const int64_t clues = argc > 2 ? std::atoll(argv[2]) : 100'000;
  if (what == "commit") {
    RunCommit(clues, argc > 3 ? std::atoi(argv[3]) : 1, argc > 4 ? std::atoi(argv[4]) : 0);
  } else if (what == "list") {
    RunList(clues);
  } else {
    std::fprintf(stderr,
                 "usage: ledger_bench commit [CLUES [PARTITIONS [REPLICAS]]]\n"
                 "       ledger_bench list [CLUES]\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace supervision

int main(int argc, char** argv) { return supervision::Main(argc, argv); }
