#include "services/server/rule_keeper.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/give_way.h"
#include "services/classification/catalogue.h"
#include "services/domain/civil_date.h"
#include "services/domain/error.h"

namespace supervision::server {
namespace {

using classification::Lapsed;
using classification::ReloadResult;
using classification::ReloadTrigger;
using classification::SetState;
using SteadyTime = std::chrono::steady_clock::time_point;

// A writer that never rests is read all the same after so many times the rest that is asked for.
constexpr int kMostSettling = 20;
// Old sets are freed as soon as nobody sorts with them, which is looked at so often.
constexpr absl::Duration kRetiredLook = absl::Milliseconds(200);
constexpr size_t kMostLogged = 20;
// How long after a refusal the files are looked at again though nothing tells of a change.
constexpr absl::Duration kSecondTry = absl::Minutes(1);
// After which a reload that was not taken may be asked for again.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

void Describe(const config::RuleFileSet& set, absl::Time now, SetState* state) {
  state->loaded = true;
  state->catalogue_version = set.classifier->catalogue().version;
  state->rules_version = std::string(set.classifier->rules_version());
  state->model_version = std::string(set.classifier->model_version());
  state->digest = set.digest;
  state->loaded_at = now;
  state->lapsed = set.classifier->lapsed();
  ++state->loads;
}

}  // namespace

RuleKeeper::RuleKeeper(Options options, config::RuleFileSet first,
                       classification::ClassifierSlot* slot)
    : options_(std::move(options)),
      slot_(slot),
      metrics_(options_.metrics, options_.name),
      day_(first.day),
      loaded_day_(first.day) {
  base::MutexLock lock(&mutex_);
  if (first.classifier == nullptr) {
    pending_.trigger = ReloadTrigger::kStart;
    return;
  }
  const absl::Time now = options_.clock->Now();
  Describe(first, now, &state_);
  state_.last_trigger = ReloadTrigger::kStart;
  state_.last_result = ReloadResult::kLoaded;
  state_.last_attempt_at = now;
  attempted_ = first.digest;
  metrics_.Tell(state_);
  LogLapsed(state_);
}

RuleKeeper::~RuleKeeper() { Stop(); }

void RuleKeeper::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void RuleKeeper::Stop() {
  {
    base::MutexLock lock(&mutex_);
    pending_.stop = true;
  }
  watch_.Wake();
  if (thread_.joinable()) thread_.join();
  for (const Done& done : Take().waiting) {
    done(domain::MakeError(domain::Reason::kDraining, kRetryDelay));
  }
}

void RuleKeeper::Reload(ReloadTrigger trigger, Done done) {
  domain::Reason refusal = domain::Reason::kOverloaded;
  {
    base::MutexLock lock(&mutex_);
    if (!pending_.stop && pending_.waiting.size() < kMostWaiting) {
      if (done) pending_.waiting.push_back(std::move(done));
      pending_.trigger = trigger;
      return watch_.Wake();
    }
    if (pending_.stop) refusal = domain::Reason::kDraining;
  }
  if (done) done(domain::MakeError(refusal, kRetryDelay));
}

SetState RuleKeeper::state() const {
  base::MutexLock lock(&mutex_);
  return state_;
}

RuleKeeper::Work RuleKeeper::Take() {
  base::MutexLock lock(&mutex_);
  Work work = std::move(pending_);
  pending_ = {};
  pending_.stop = work.stop;
  return work;
}

void RuleKeeper::Run() {
  base::GiveWay();    // compiling takes a core for as long as it lasts
  bool seen = false;  // a change that has not been read yet
  WatchAll();
  // What changed between the first reading and the watch.
  if (options_.watch && !attempted_.empty()) seen = config::DigestOf(options_.files) != attempted_;
  while (true) {
    Work work = Take();
    if (work.stop) {
      base::MutexLock lock(&mutex_);
      pending_.waiting = std::move(work.waiting);  // Stop answers them
      break;
    }
    if (work.trigger == ReloadTrigger::kUnspecified && seen) {
      if (!Settle()) continue;  // asked meanwhile
      if (config::DigestOf(options_.files) != attempted_) work.trigger = ReloadTrigger::kWatch;
    }
    if (work.trigger == ReloadTrigger::kUnspecified &&
        domain::CivilDate(options_.clock->Now()) != day_) {
      work.trigger = ReloadTrigger::kDay;
    }
    if (work.trigger != ReloadTrigger::kUnspecified) {
      // Watched anew before they are read, so that no change falls between the two.
      WatchAll();
      Read(work.trigger);
    }
    const SetState state = this->state();
    for (const Done& done : work.waiting) done(state);
    FreeRetired();
    seen =
        watch_.Wait(retired_.empty() ? options_.look : kRetiredLook) == FileWatch::Event::kChanged;
    if (options_.watch && !seen) seen = Times() != times_ || SecondTry();
  }
}

// Waits until the files have rested for a while: who copies a folder writes many times. False when
// somebody has asked for something meanwhile.
bool RuleKeeper::Settle() {
  FileWatch::Event event = FileWatch::Event::kChanged;
  for (int i = 0; i < kMostSettling && event == FileWatch::Event::kChanged; ++i) {
    event = watch_.Wait(options_.settle);
  }
  WatchAll();
  return event != FileWatch::Event::kWoken;
}

bool RuleKeeper::WatchAll() {
  if (!options_.watch) return true;
  const config::RuleFiles& files = options_.files;
  const bool complete = watch_.Watch({files.catalogue, files.rules, files.model});
  times_ = Times();
  return complete;
}

// Whether the files are worth a look, since those that were read last are refused: what cannot be
// read has a digest of its own, and may be readable again with the times that it had.
bool RuleKeeper::SecondTry() {
  const absl::Time now = options_.clock->Now();
  const bool waited = now - compared_at_ >= kSecondTry || now < compared_at_;
  if (!waited || state().last_result != ReloadResult::kRejected) return false;
  compared_at_ = now;
  return true;
}

// Places, sizes and times of the files: cheap to compare, for where inotify does not reach.
std::string RuleKeeper::Times() const {
  std::vector<std::string> paths = {options_.files.catalogue, options_.files.model};
  std::error_code error;
  for (std::filesystem::directory_iterator entry(options_.files.rules, error), end;
       !error && entry != end; entry.increment(error)) {
    paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::string text;
  for (const std::string& path : paths) {
    struct stat about = {};
    if (path.empty() || stat(path.c_str(), &about) != 0) continue;
    absl::StrAppend(&text, path, " ", about.st_ino, " ", about.st_size, " ", about.st_mtim.tv_sec,
                    ".", about.st_mtim.tv_nsec, "\n");
  }
  return text;
}

void RuleKeeper::Read(ReloadTrigger trigger) {
  const SteadyTime start = std::chrono::steady_clock::now();
  const absl::Time now = options_.clock->Now();
  compared_at_ = now;
  attempted_ = config::DigestOf(options_.files);
  const SetState before = state();
  const bool known = attempted_ == before.digest;
  const bool same = known && domain::CivilDate(now) == loaded_day_;
  // Who changes files mends what has ended; what only a day has changed is taken as it is.
  const Lapsed lapsed = known || !before.loaded ? Lapsed::kKeep : Lapsed::kRefuse;
  absl::StatusOr<config::RuleFileSet> set = config::RuleFileSet();
  if (!same) set = config::LoadRuleFiles(options_.files, now, lapsed);
  if (set.ok() && !same) attempted_ = set->digest;
  day_ = domain::CivilDate(now);
  Publish(std::move(set), trigger, absl::FromChrono(std::chrono::steady_clock::now() - start));
}

void RuleKeeper::Publish(absl::StatusOr<config::RuleFileSet> set, ReloadTrigger trigger,
                         absl::Duration took) {
  const absl::Time now = options_.clock->Now();
  SetState state = this->state();
  state.last_trigger = trigger;
  state.last_attempt_at = now;
  state.last_took = took;
  state.mistakes = config::MistakesOf(set.status());
  if (!set.ok()) {
    state.last_result = ReloadResult::kRejected;
    ++state.rejections;
  } else if (set->classifier == nullptr) {
    state.last_result = ReloadResult::kUnchanged;
  } else {
    state.last_result = ReloadResult::kLoaded;
    Describe(*set, now, &state);
    loaded_day_ = set->day;
    if (auto before = slot_->Put(set->classifier)) retired_.push_back(std::move(before));
  }
  {
    base::MutexLock lock(&mutex_);
    state_ = state;
  }
  metrics_.Tell(state);
  if (options_.log == nullptr) return;
  if (state.last_result == ReloadResult::kRejected) {
    options_.log->Error("rules_rejected",
                        {{"set", std::string_view(options_.name)},
                         {"trigger", Name(trigger)},
                         {"mistakes", static_cast<int64_t>(state.mistakes.size())},
                         {"in_force", std::string_view(state.rules_version)}});
    for (size_t i = 0; i < std::min(state.mistakes.size(), kMostLogged); ++i) {
      options_.log->Error("rules_mistake", {{"set", std::string_view(options_.name)},
                                            {"what", std::string_view(state.mistakes[i])}});
    }
  } else {
    options_.log->Info(
        state.last_result == ReloadResult::kLoaded ? "rules_loaded" : "rules_unchanged",
        {{"set", std::string_view(options_.name)},
         {"trigger", Name(trigger)},
         {"catalogue", std::string_view(state.catalogue_version)},
         {"rules", std::string_view(state.rules_version)},
         {"digest", std::string_view(state.digest)},
         {"seconds", absl::ToDoubleSeconds(took)}});
    if (state.last_result == ReloadResult::kLoaded) LogLapsed(state);
  }
}

void RuleKeeper::LogLapsed(const SetState& state) {
  if (options_.log == nullptr) return;
  for (size_t i = 0; i < std::min(state.lapsed.size(), kMostLogged); ++i) {
    options_.log->Warning("rules_lapsed", {{"set", std::string_view(options_.name)},
                                           {"what", std::string_view(state.lapsed[i])}});
  }
}

// Frees here what was exchanged, as soon as the last verdict made with it is done.
void RuleKeeper::FreeRetired() {
  retired_.erase(std::remove_if(retired_.begin(), retired_.end(),
                                [](const auto& set) { return set.use_count() == 1; }),
                 retired_.end());
}

}  // namespace supervision::server
