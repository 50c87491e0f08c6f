#include "services/server/store.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/redis/data_directory.h"
#include "services/server/redis_address.h"

namespace supervision::server {
namespace {

using Kind = config::ServerSettings::Redis::Kind;

// The directory of the witness. The embedded Redis writes in it too, and says so when it cannot;
// beside a Redis elsewhere a witness that is not written would be missed only when history is lost.
absl::Status CheckDirectory(const std::string& path) {
  const int error = redis::TryToWrite(path);
  if (error == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "redis.data_directory ", path,
      " cannot be written in, though the Redis is elsewhere: the "
      "witness that tells when history was lost is kept there: ",
      std::strerror(error),
      error == ENOSPC ? "; make room on its disk"
                      : "; give it to the user of the service, or name another directory"));
}

// The embedded Redis makes its own.
absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(path, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("redis.data_directory ", path, " cannot be made: ", error.message(),
                     "; make it and give it to the user of the service, or name another"));
  }
  // One that is there keeps what its owner gave it: the files of Redis are for the owner alone
  // anyway.
  if (is_new) chmod(path.c_str(), S_IRWXU);
  return absl::OkStatus();
}

ledger::Ledger::Options LedgerOptions(const config::ServerSettings& settings,
                                      redis::Address address) {
  const config::ServerSettings::Ledger& from = settings.ledger;
  ledger::Ledger::Options options;
  options.address = std::move(address);
  options.key_prefix = from.key_prefix;
  options.partitions = from.partitions;
  options.require_fsync = from.require_fsync;
  options.replicas = from.replicas;
  options.replica_timeout = from.replica_timeout;
  options.command_timeout = settings.redis.command_timeout;
  options.max_queued = static_cast<size_t>(from.max_queued);
  options.max_queued_bytes = static_cast<size_t>(from.max_queued_bytes);
  options.max_batch = static_cast<size_t>(from.max_batch);
  options.max_batch_bytes = static_cast<size_t>(from.max_batch_bytes);
  options.retry_delay = settings.intake.retry_delay;
  options.log_age = from.log_age;
  options.log_bytes = from.log_bytes;
  options.witness_directory = settings.redis.data_directory;
  options.accept_lost_ledger = from.accept_lost_ledger;
  return options;
}

redis::EmbeddedRedis::Options EmbeddedOptions(const config::ServerSettings::Redis& settings,
                                              Readiness* readiness) {
  redis::EmbeddedRedis::Options options;
  options.data_directory = settings.data_directory;
  options.max_memory_bytes = static_cast<uint64_t>(settings.max_memory);
  options.min_free_disk_bytes = static_cast<uint64_t>(settings.min_free_disk);
  options.on_state_change = [readiness](const redis::EmbeddedState& state) {
    readiness->OnEmbedded(state);
  };
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const config::ServerSettings& settings,
                                                   const Parts& parts) {
  std::unique_ptr<Store> store(new Store);
  redis::Address address = RedisAddress(settings.redis);
  if (absl::Status made = MakeDirectory(settings.redis.data_directory); !made.ok()) return made;
  if (settings.redis.kind == Kind::kEmbedded) {
    auto embedded = redis::EmbeddedRedis::Start(EmbeddedOptions(settings.redis, parts.readiness));
    if (!embedded.ok()) return embedded.status();
    store->embedded_ = *std::move(embedded);
    address.unix_path = store->embedded_->socket_path();
  } else if (absl::Status may = CheckDirectory(settings.redis.data_directory); !may.ok()) {
    return may;
  }
  store->address_ =
      absl::StrCat(settings.redis.kind == Kind::kEmbedded ? "embedded, " : "", address.ToString());
  store->ledger_ =
      std::make_unique<ledger::Ledger>(&store->loop_, parts.clock, parts.log, parts.metrics,
                                       LedgerOptions(settings, std::move(address)));
  store->ledger_->OnStateChange([ledger = store->ledger_.get(), readiness = parts.readiness] {
    readiness->OnLedger(*ledger);
  });
  parts.readiness->OnLedger(*store->ledger_);
  return store;
}

Store::~Store() { Stop(); }

int Store::restarts() const { return embedded_ == nullptr ? 0 : embedded_->state().restarts; }

void Store::StopLedger() { ledger_->Stop(); }

void Store::Stop() {
  if (ledger_ != nullptr) ledger_->Stop();
  if (embedded_ != nullptr) embedded_->Stop();
  loop_.Stop();
}

}  // namespace supervision::server
