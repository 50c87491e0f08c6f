#include "services/ledger/history_walk.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "services/domain/alert_policy.h"
#include "services/domain/error.h"
#include "services/ledger/codec.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

class HistoryWalk : public std::enable_shared_from_this<HistoryWalk> {
 public:
  HistoryWalk(redis::Client* client, std::string key, const ClueSummary& newest, Deadline deadline,
              Ledger::Callback<std::vector<WalkedVersion>> callback)
      : client_(client),
        key_(std::move(key)),
        clue_id_(newest.clue_id),
        count_(newest.version),
        deadline_(deadline),
        callback_(std::move(callback)) {}

  void Fetch() {
    constexpr uint32_t kAtOnce = 8;
    const auto read = static_cast<uint32_t>(versions_.size());
    if (read >= count_) return callback_(std::move(versions_));
    redis::Command command = {"HMGET", key_};
    for (uint32_t v = read + 1; v <= std::min(count_, read + kAtOnce); ++v) {
      command.push_back("s:" + std::to_string(v));
    }
    client_->Send(std::move(command), deadline_.left(),
                  [self = shared_from_this()](const redis::Result& result) { self->Take(result); });
  }

 private:
  void Take(const redis::Result& result) {
    if (!result.ok()) return callback_(result.failure().ToStatus());
    for (const redis::Reply& bytes : result.reply().elements) {
      std::optional<VersionRecord> version = DecodeVersion(bytes.text, clue_id_);
      if (bytes.is_nil() || !version.has_value()) return callback_(MakeError(Reason::kInternal));
      domain::Facets facets = domain::FacetsOf(version->clue);
      version->clue.content = domain::ClueContent();
      versions_.push_back({std::move(version->clue), std::move(facets), version->alert_version});
    }
    Fetch();
  }

  redis::Client* const client_;
  const std::string key_;
  const std::string clue_id_;
  const uint32_t count_;
  const Deadline deadline_;
  const Ledger::Callback<std::vector<WalkedVersion>> callback_;
  std::vector<WalkedVersion> versions_;
};

}  // namespace

void WalkHistory(redis::Client* client, std::string key, const ClueSummary& newest,
                 Deadline deadline, Ledger::Callback<std::vector<WalkedVersion>> callback) {
  std::make_shared<HistoryWalk>(client, std::move(key), newest, deadline, std::move(callback))
      ->Fetch();
}

}  // namespace supervision::ledger
