// How a ledger is admitted on a connection: see Ledger::Core in core.h.
#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/ledger/core.h"
#include "services/ledger/epochs.h"
#include "services/ledger/scripts.h"

namespace supervision::ledger {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kSecretBytes = 32;
// How soon another attempt is made while something falls short.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

std::optional<int64_t> Number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Nothing when the fields are not those of a descriptor.
std::optional<Descriptor> ParseDescriptor(const std::vector<redis::Reply>& fields) {
  const std::optional<int64_t> partitions = Number(fields[2].text);
  const std::optional<int64_t> schema = Number(fields[3].text);
  const std::optional<int64_t> created_at = Number(fields[4].text);
  if (fields[0].text.size() != kIdBytes || fields[1].text.size() != kSecretBytes ||
      !partitions.has_value() || *partitions < 1 || *partitions > kMaxPartitions ||
      !schema.has_value() || !created_at.has_value()) {
    return std::nullopt;
  }
  Descriptor descriptor;
  descriptor.id = fields[0].text;
  descriptor.secret = fields[1].text;
  descriptor.partitions = static_cast<int>(*partitions);
  descriptor.schema = static_cast<int>(*schema);
  descriptor.created_at = absl::FromUnixMicros(*created_at);
  return descriptor;
}

}  // namespace

// It is done again while commits are under way.
absl::Duration Ledger::Core::AdmissionTimeout() const {
  return options_.command_timeout + LongestWait(options_);
}

void Ledger::Core::Admit() {
  admit_timer_.reset();
  ReadSettings(commit_.get(), options_.replicas, AdmissionTimeout(),
               [this, attempt = ++attempt_](absl::StatusOr<RedisSettings> settings) {
                 if (attempt != attempt_) return;
                 if (!settings.ok()) return Later(kRetryDelay);
                 OnSettings(*std::move(settings));
               });
}

void Ledger::Core::OnSettings(RedisSettings settings) {
  settings_ = std::move(settings);
  FollowCommitTo(settings_.run_id);
  if (!settings_.obstacles.empty()) return Refuse(settings_.obstacles.front());
  commit_->Send({"HMGET", Keys::Descriptor(options_.key_prefix), "id", "secret", "partitions",
                 "schema", "created_at"},
                AdmissionTimeout(), [this, attempt = attempt_](const redis::Result& result) {
                  if (attempt == attempt_) OnDescriptor(result);
                });
}

void Ledger::Core::OnDescriptor(const redis::Result& result) {
  if (!result.ok()) {
    if (result.failure().kind != redis::FailureKind::kWrongType) return Later(kRetryDelay);
    return Refuse("The key " + Keys::Descriptor(options_.key_prefix) +
                  " is not of a ledger; use another redis.address, redis.database or "
                  "ledger.key_prefix.");
  }
  const std::vector<redis::Reply>& fields = result.reply().elements;
  const bool remembers = witness_.has_value() && !witness_->empty();
  if (fields.size() == 5 && fields[0].is_nil()) {
    if (opened_ != nullptr) {
      return Refuse(
          "Redis has come back without ledger " + state().ledger_id +
          ": restore its data; or restart with ledger.accept_lost_ledger to begin a new one.");
    }
    if (remembers && !options_.accept_lost_ledger) {
      return Refuse(
          "Ledger " + witness_->ledger_id + " was here (" + witness_file_.path() +
          ") and Redis is empty: restore its data, or give the right redis.address; or set "
          "ledger.accept_lost_ledger to begin a new one.");
    }
    if (!restore_mark_.Read().empty() && !options_.accept_lost_ledger) {
      return Refuse("Redis' data was restored from a backup that holds no ledger under " +
                    Keys::Descriptor(options_.key_prefix) +
                    ": restore another backup, give the right ledger.key_prefix, or set "
                    "ledger.accept_lost_ledger to begin a new one.");
    }
    return Create();
  }
  const std::optional<Descriptor> descriptor =
      fields.size() == 5 ? ParseDescriptor(fields) : std::nullopt;
  if (!descriptor.has_value()) {
    return Refuse("The ledger's descriptor is damaged; restore Redis' data from a copy.");
  }
  if (descriptor->schema > kSchemaVersion) {
    return Refuse(absl::StrCat("The ledger has schema ", descriptor->schema,
                               ", this service knows up to ", kSchemaVersion,
                               "; start a newer version of the service."));
  }
  const std::string id = base::HexEncode(descriptor->id);
  if (opened_ != nullptr) {
    if (descriptor->id != opened_->context.descriptor.id) {
      return Refuse("Redis now holds another ledger, " + id + "; restart to serve it.");
    }
    return CheckEpochs();
  }
  if (remembers && witness_->ledger_id != id && !options_.accept_lost_ledger) {
    return Refuse(
        "Ledger " + witness_->ledger_id + " was here (" + witness_file_.path() +
        ") and Redis holds another, " + id +
        ": give the right redis.address, or set ledger.accept_lost_ledger to serve this one.");
  }
  Open(*descriptor);
}

void Ledger::Core::Create() {
  const int partitions = std::clamp(options_.partitions, 1, kMaxPartitions);
  commit_->Run(
      OpenScript(), {Keys::Descriptor(options_.key_prefix)},
      {base::RandomBytes(kIdBytes), base::RandomBytes(kSecretBytes), std::to_string(partitions),
       std::to_string(kSchemaVersion), std::to_string(absl::ToUnixMicros(clock_->Now()))},
      AdmissionTimeout(),
      [this, attempt = attempt_](const redis::Result& result) {
        if (attempt != attempt_) return;
        if (!result.ok()) return Later(kRetryDelay);
        witness_.reset();  // of a ledger that is no more
        log_->Info("ledger.created");
        OnDescriptor(result);
      },
      connection_);
}

void Ledger::Core::Open(Descriptor descriptor) {
  const std::string id = base::HexEncode(descriptor.id);
  const int partitions = descriptor.partitions;
  opened_ = std::make_unique<OpenParts>(
      Context{loop_, clock_, log_, &metrics_, &options_, commit_.get(), read_.get(), bulk_.get(),
              tail_.get(), std::move(descriptor), Keys(options_.key_prefix, partitions),
              std::make_unique<Board>(partitions), [this] {
                if (opened_ != nullptr) opened_->tail.Recheck();
              }});
  opened_->tail.Follow(observer_);
  if (witness_.has_value() && witness_->ledger_id == id) {
    const int known = std::min<int>(partitions, static_cast<int>(witness_->partitions.size()));
    for (int p = 0; p < known; ++p) {
      const Board::Witness& witness = witness_->partitions[p];
      opened_->context.board->Remember(p, witness.epoch, witness.position);
    }
  }
  {
    base::MutexLock lock(&mutex_);
    state_.ledger_id = id;
    state_.schema_version = opened_->context.descriptor.schema;
  }
  CheckEpochs();
}

void Ledger::Core::CheckEpochs() {
  Evidence evidence;
  evidence.sign = settings_.promotion.empty() ? restore_mark_.Read() : settings_.promotion;
  for (int p = 0; p < opened_->context.descriptor.partitions; ++p) {
    evidence.witnesses.push_back(opened_->context.board->witness(p));
  }
  CheckHistory(&opened_->context, std::move(evidence), AdmissionTimeout(), connection_,
               [this, attempt = attempt_](const absl::StatusOr<std::vector<PartitionMeta>>& metas) {
                 if (attempt != attempt_) return;
                 if (!metas.ok()) return NotLookedAt(metas.status());
                 restore_mark_.Remove();
                 opened_->tail.Place(*metas);
                 LoadSilences();
               });
}

// No alert is made by one who does not know what hides it.
void Ledger::Core::LoadSilences() {
  opened_->silences.Load([this, attempt = attempt_](const absl::Status& loaded) {
    if (attempt != attempt_) return;
    if (!loaded.ok()) return NotLookedAt(loaded);
    Admitted();
  });
}

// What was looked at before on this connection is still so.
void Ledger::Core::NotLookedAt(const absl::Status& why) {
  if (checked_parts() == nullptr) {
    Publish({absl::StrCat("The ledger in the Redis at redis.address ", options_.address.ToString(),
                          " could not be looked at: ", why.message())});
  }
  Later(kRetryDelay);
}

void Ledger::Core::Admitted() {
  const bool promise_kept =
      settings_.enough_replicas && (!options_.require_fsync || settings_.shortfalls.empty());
  {
    base::MutexLock lock(&mutex_);
    state_.open = true;
    checked_ = true;
    shared_parts_ = opened_.get();
  }
  opened_->context.admitted_on = connection_;
  if (promise_kept) {
    opened_->committer.OpenGate(settings_.durable);
  } else {
    opened_->committer.CloseGate();
  }
  if (!tail_running_ && tail_connected_) {
    tail_running_ = true;
    opened_->tail.Resume();
  }
  opened_->retention.Start();
  opened_->reviews.Start();
  opened_->expiry.Start();
  opened_->silences.Start();
  Publish(promise_kept ? std::vector<std::string>() : settings_.shortfalls);
  Later(promise_kept ? options_.check_interval : std::min(options_.check_interval, kRetryDelay));
}

// It may be reachable and full of another's data: nothing is read there or written.
void Ledger::Core::Refuse(std::string sentence) {
  Uncheck();
  if (opened_ != nullptr) {
    opened_->committer.CloseGate();
    opened_->context.admitted_on = redis::Client::kNoConnection;
  }
  refusal_ = std::move(sentence);
  Publish({refusal_});
  admit_timer_ = loop_->RunAfter(kRetryDelay, [this] { commit_->Renew(refusal_); });
}

void Ledger::Core::Later(absl::Duration delay) {
  if (stopped_) return;
  admit_timer_ = loop_->RunAfter(delay, [this] {
    // A check may be under way on a connection that has just come; then this one is not needed.
    bool connected = false;
    {
      base::MutexLock lock(&mutex_);
      connected = state_.connected;
    }
    if (connected) Admit();
  });
}

}  // namespace supervision::ledger
