#include "services/doctor/redis.h"

#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/ledger/descriptor.h"
#include "services/ledger/keys.h"
#include "services/ledger/scripts.h"
#include "services/ledger/settings.h"
#include "services/redis/client.h"
#include "services/redis/data_directory.h"
#include "services/redis/loop.h"
#include "services/redis/program.h"
#include "services/server/redis_address.h"

namespace supervision::doctor {
namespace {

constexpr char kRedis[] = "Redis";
constexpr char kLedger[] = "ledger";
constexpr char kClock[] = "clock";

constexpr absl::Duration kPatience = absl::Seconds(3);
// What is stamped by the service and what Redis counts leases by may be this far apart unnoticed.
constexpr absl::Duration kClocksAgree = absl::Seconds(1);
constexpr int kMemoryWarnPercent = 80;

// Calls something asynchronous and waits for its one answer.
template <typename T>
T Await(const std::function<void(std::function<void(T)>)>& call) {
  const auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  call([promise](T value) { promise->set_value(std::move(value)); });
  return answer.get();
}

class RedisCheck {
 public:
  RedisCheck(const config::ServerSettings& settings, redis::Address address,
             const base::Clock* clock, Findings* findings)
      : settings_(settings),
        where_(address.ToString()),
        clock_(clock),
        findings_(findings),
        client_(&loop_, OptionsFor(std::move(address))) {}

  void Run() {
    const auto read = Await<absl::StatusOr<ledger::RedisSettings>>([this](auto done) {
      ledger::ReadSettings(&client_, settings_.ledger.replicas, kPatience, std::move(done));
    });
    if (!read.ok()) {
      const std::string error = client_.GetStats().last_error;
      return findings_->Fail(
          kRedis, ledger::WhyUnreachable(where_, error.empty() ? "no answer in time" : error));
    }
    Tell(*read);
    if (!read->obstacles.empty()) return;
    TellLedger();
    TellClock();
  }

 private:
  // With the scripts, so that the right to load them is tried too.
  static redis::Client::Options OptionsFor(redis::Address address) {
    redis::Client::Options options;
    options.address = std::move(address);
    options.name = "doctor";
    options.scripts = ledger::AllScripts();
    return options;
  }

  redis::Result Ask(redis::Command command) {
    return Await<redis::Result>([this, &command](auto done) {
      client_.Send(std::move(command), kPatience, std::move(done));
    });
  }

  void Tell(const ledger::RedisSettings& redis) {
    for (const std::string& sentence : redis.obstacles) findings_->Fail(kRedis, sentence);
    const bool promised = settings_.ledger.require_fsync;
    for (const std::string& sentence : redis.shortfalls) {
      if (promised || !redis.enough_replicas) {
        findings_->Fail(kRedis, sentence);
      } else {
        findings_->Warn(kRedis, sentence + " ledger.durability is MEMORY, so it is served.");
      }
    }
    if (redis.obstacles.empty() && redis.shortfalls.empty()) {
      findings_->Ok(kRedis, absl::StrCat(where_, ", version ", redis.version, ", a primary, ",
                                         "durable, evicts nothing"));
    }
    if (redis.max_memory_bytes == 0) {
      findings_->Warn(
          kRedis,
          "has no memory limit, so that the machine ends it where clues could be refused "
          "with nothing lost, and no alert tells beforehand; set redis.max_memory, or "
          "maxmemory of an external one");
    }
    if (redis.max_memory_bytes > 0 &&
        redis.used_memory_bytes * 100 >= redis.max_memory_bytes * kMemoryWarnPercent) {
      findings_->Warn(
          kRedis,
          absl::StrCat(redis.used_memory_bytes >> 20, " MiB of ", redis.max_memory_bytes >> 20,
                       " MiB are used, and when they are full clues are refused; "
                       "give it more (maxmemory, redis.max_memory)"));
    }
  }

  void TellLedger() {
    const std::string key = ledger::Keys::Descriptor(settings_.ledger.key_prefix);
    const redis::Result result = Ask({"HGET", key, "schema"});
    if (!result.ok()) {
      return findings_->Fail(
          kLedger, absl::StrCat("the key ", key, " cannot be read (", result.failure().text,
                                "); use another Redis, database or "
                                "ledger.key_prefix"));
    }
    if (result.reply().is_nil()) {
      return findings_->Ok(kLedger, "none yet; the service makes one at its start");
    }
    const int schema = std::atoi(result.reply().text.c_str());
    if (schema > ledger::kSchemaVersion) {
      return findings_->Fail(kLedger,
                             absl::StrCat("has schema ", schema, ", this version knows up to ",
                                          ledger::kSchemaVersion, "; install the newer version"));
    }
    findings_->Ok(kLedger, absl::StrCat("schema ", schema, ", which this version knows"));
  }

  void TellClock() {
    const redis::Result result = Ask({"TIME"});
    if (!result.ok() || result.reply().elements.size() != 2) return;
    const absl::Time there =
        absl::FromUnixSeconds(std::atoll(result.reply().elements[0].text.c_str())) +
        absl::Microseconds(std::atoll(result.reply().elements[1].text.c_str()));
    const absl::Duration ahead = there - clock_->Now();
    const absl::Duration apart = absl::Trunc(absl::AbsDuration(ahead), kClocksAgree);
    if (apart < kClocksAgree) {
      return findings_->Ok(kClock, "agrees with that of Redis");
    }
    findings_->Warn(kClock,
                    absl::StrCat("that of Redis is ", absl::FormatDuration(apart),
                                 ahead > absl::ZeroDuration() ? " ahead of" : " behind",
                                 " this machine's; leases and times of clues go by them: keep both "
                                 "with chrony or systemd-timesyncd"));
  }

  const config::ServerSettings& settings_;
  const std::string where_;
  const base::Clock* const clock_;
  Findings* const findings_;
  redis::Loop loop_;
  redis::Client client_;
};

}  // namespace

void CheckRedis(const config::ServerSettings& settings, const base::Clock* clock,
                Findings* findings) {
  using Kind = config::ServerSettings::Redis::Kind;
  if (settings.redis.kind != Kind::kEmbedded) {
    return RedisCheck(settings, server::RedisAddress(settings.redis), clock, findings).Run();
  }
  redis::Address address;
  address.unix_path = redis::SocketOf(settings.redis.data_directory);
  if (redis::ServiceOn(settings.redis.data_directory) != 0) {
    return RedisCheck(settings, std::move(address), clock, findings).Run();
  }
  const absl::StatusOr<std::string> program = redis::FindRedisServer();
  if (!program.ok()) return findings->Fail(kRedis, std::string(program.status().message()));
  findings->Ok(kRedis, absl::StrCat("embedded, not running now; its program is ", *program));
}

}  // namespace supervision::doctor
