#include "services/combining/follower.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/combining/engine.h"
#include "services/combining/follower_metrics.h"
#include "services/domain/error.h"
#include "services/ledger/route_desk.h"

namespace supervision::combining {
namespace {

using ledger::DeriveResult;
using ledger::LogEntryPtr;
using ledger::PartitionState;

constexpr size_t kHolderBytes = 16;
constexpr size_t kPageBytes = 512 << 10;
// After a failure, and between two pages of a replay, others come first.
constexpr absl::Duration kAfterFailure = absl::Seconds(1);
constexpr absl::Duration kBreath = absl::Milliseconds(1);
constexpr absl::Duration kIdlePoll = absl::Seconds(1);

}  // namespace

// One thing at a time: take or renew the lease; find where to begin; read a page of each partition;
// put the pages into one order by time; tell what is due. Each step begins the next by its
// callback, and the round ends in Later(). Whatever is lost (lease, epoch, routes) drops all and
// begins anew.
class Follower::Core : public std::enable_shared_from_this<Follower::Core> {
 public:
  Core(ledger::Ledger* ledger, redis::Loop* loop, const RouteSlot* routes, const base::Clock* clock,
       observability::Logger* log, prometheus::Registry* metrics, Options options)
      : ledger_(ledger),
        desk_(ledger),
        loop_(loop),
        slot_(routes),
        clock_(clock),
        log_(log),
        options_(std::move(options)),
        metrics_(metrics) {
    if (options_.holder.empty()) {
      options_.holder = base::HexEncode(base::RandomBytes(kHolderBytes));
    }
  }

  void Start() {
    loop_->Post([self = shared_from_this()] {
      if (!self->stopped_) self->Tick();
    });
  }
  void Stop() {
    loop_->Post([self = shared_from_this()] {
      self->stopped_ = true;
      self->timer_.reset();
      self->engine_.reset();
    });
  }

 private:
  struct Source {
    int64_t epoch = 1;
    int64_t settled = 0;  // what was due up to here has been seen to
    int64_t read = 0;     // up to here
    int64_t taken = 0;    // by the engine
    int64_t target = 0;   // where the replay ends
    int64_t end = 0;      // what may be read
    std::deque<LogEntryPtr> entries;
  };

  // Wraps what comes back on the loop's thread: nothing after Stop(), and nothing that belongs to
  // what has been dropped meanwhile.
  template <typename Use>
  auto Guarded(Use use) {
    return [self = shared_from_this(), round = round_, use = std::move(use)](auto result) mutable {
      if (self->stopped_ || self->round_ != round) return;
      use(std::move(result));
    };
  }

  void Later(absl::Duration delay) {
    timer_ = loop_->RunAfter(delay, [this] { Tick(); });
  }

  void Drop() {
    ++round_;
    engine_.reset();
    sources_.clear();
    firings_.clear();
    metrics_.groups.Set(0);
    metrics_.clues.Set(0);
    metrics_.waiting.Set(0);
    metrics_.holding.Set(0);
  }

  void Fail(const char* where, const absl::Status& status) {
    log_->Warning("routes.interrupted",
                  {{"where", std::string_view(where)},
                   {"why", std::string_view(status.message().data(), status.message().size())}});
    Drop();
    Later(kAfterFailure);
  }

  void Tick() {
    if (auto routes = slot_->Get(); routes != routes_) {
      Drop();
      routes_ = std::move(routes);
      on_ = std::any_of(routes_->routes.begin(), routes_->routes.end(),
                        [](const Route& route) { return route.enabled; });
    }
    if (!on_) return Later(kIdlePoll);
    state_ = ledger_->state();
    if (!state_.ready) return Later(options_.poll);
    if (clock_->Now() >= renew_at_) return TakeLease();
    if (fence_ == 0) return Later(options_.poll);
    Go();
  }

  void TakeLease() {
    const absl::Time asked = clock_->Now();
    desk_.Take(options_.holder, options_.lease, options_.timeout,
               Guarded([this, asked](absl::StatusOr<ledger::RouteLease> lease) {
                 if (!lease.ok()) return Later(options_.poll);
                 renew_at_ = asked + options_.lease / 3;
                 if (lease->fence != fence_) {
                   Drop();
                   fence_ = lease->fence;
                   kept_ = std::move(lease->state);
                 }
                 if (fence_ == 0) return Later(options_.poll);
                 Go();
               }));
  }

  void Go() {
    if (EpochChanged()) Drop();
    if (engine_ == nullptr) return Begin();
    Read();
  }

  bool EpochChanged() const {
    for (size_t p = 0; p < sources_.size(); ++p) {
      if (state_.partitions[p].epoch != sources_[p].epoch) return true;
    }
    return false;
  }

  // ---- Where to begin

  // Where the log ends is asked after the lease was taken: what an earlier owner wrote lies before.
  void Begin() {
    Drop();
    ledger_->LatestPlace(options_.timeout, Guarded([this](absl::StatusOr<ledger::Place> latest) {
                           if (!latest.ok()) return Fail("begin", latest.status());
                           BeginBehind(*latest);
                         }));
  }

  void BeginBehind(const ledger::Place& latest) {
    metrics_.holding.Set(1);
    metrics_.replays.Increment();
    const absl::Time now = clock_->Now();
    std::map<std::string, absl::Time> starts;
    for (const Route& route : routes_->routes) {
      if (!route.enabled) continue;
      const auto known = kept_.starts.find(route.id);
      starts[route.id] = known == kept_.starts.end() ? now : known->second;
    }
    sources_.resize(latest.positions.size());
    const bool known = kept_.place.has_value() && kept_.place->positions.size() == sources_.size();
    for (size_t p = 0; p < sources_.size(); ++p) {
      sources_[p].epoch = latest.epochs[p];
      sources_[p].target = latest.positions[p];
      // Of a ledger that nobody has followed yet all is settled; of history that was lost, nothing
      // is known.
      sources_[p].settled = latest.positions[p];
      if (known) {
        const bool same = kept_.place->epochs[p] == latest.epochs[p];
        sources_[p].settled = same ? kept_.place->positions[p] : 0;
      }
    }
    from_ = std::min(kept_.kept_at == absl::InfinitePast() ? now : kept_.kept_at, now) -
            ReachOf(*routes_);
    const bool changed = !known || starts != kept_.starts;
    kept_.starts = std::move(starts);
    engine_ = std::make_unique<Engine>(routes_, kept_.starts);
    forgotten_ = 0;
    replaying_ = true;
    const auto find = [this] {
      FindStart(0, state_.partitions[0].earliest, sources_[0].target + 1);
    };
    if (!changed) return find();
    // Before anything is told, so that whoever comes next knows since when the routes are on.
    Keep(Settled(), find);
  }

  // Positions are dense, so the first entry that is young enough is found by halving [low, high].
  void FindStart(size_t partition, int64_t low, int64_t high) {
    if (low >= high) {
      sources_[partition].read = sources_[partition].taken = low - 1;
      if (++partition == sources_.size()) return Read();
      return FindStart(partition, state_.partitions[partition].earliest,
                       sources_[partition].target + 1);
    }
    const int64_t middle = low + (high - low) / 2;
    ledger_->ReadLog(
        static_cast<int>(partition), sources_[partition].epoch, middle - 1, 1, kPageBytes,
        options_.timeout, Guarded([=, this](absl::StatusOr<ledger::LogPage> page) {
          if (!page.ok()) return Fail("start", page.status());
          const bool old = page->entries.empty() || page->entries[0]->event.alert.raised_at < from_;
          FindStart(partition, old ? middle + 1 : low, old ? high : middle);
        }));
  }

  // ---- Reading

  void Read() {
    std::vector<size_t> wanted;
    for (size_t p = 0; p < sources_.size(); ++p) {
      Source& source = sources_[p];
      source.end = std::max(state_.partitions[p].confirmed, source.target);
      if (source.entries.empty() && source.read < source.end) wanted.push_back(p);
    }
    if (wanted.empty()) return Merge();
    reads_ = wanted.size();
    for (const size_t p : wanted) {
      ledger_->ReadLog(static_cast<int>(p), sources_[p].epoch, sources_[p].read, options_.page,
                       kPageBytes, options_.timeout,
                       Guarded([this, p](absl::StatusOr<ledger::LogPage> page) {
                         if (!page.ok()) return OnUnread(p, page.status());
                         for (LogEntryPtr& entry : page->entries) {
                           sources_[p].read = entry->position;
                           sources_[p].entries.push_back(std::move(entry));
                         }
                         if (--reads_ == 0) Merge();
                       }));
    }
  }

  void OnUnread(size_t p, const absl::Status& status) {
    const std::optional<domain::ErrorDetail> detail = domain::DetailOf(status);
    if (!detail.has_value() || detail->reason != domain::Reason::kCursorTrimmed) {
      return Fail("read", status);
    }
    // What has been trimmed meanwhile can be counted no more.
    for (const auto& [name, value] : detail->metadata) {
      int64_t earliest = 0;
      if (name != "earliest_position" || !absl::SimpleAtoi(value, &earliest)) continue;
      sources_[p].read = std::max(sources_[p].read, earliest - 1);
      sources_[p].taken = std::max(sources_[p].taken, earliest - 1);
    }
    if (--reads_ == 0) Merge();
  }

  // Hands the entries over in the order of time, as far as it is known: not past a partition of
  // which more is there to be read.
  void Merge() {
    while (true) {
      Source* next = nullptr;
      bool blocked = false;
      for (Source& source : sources_) {
        if (source.entries.empty()) {
          blocked = blocked || source.read < source.end;
        } else if (next == nullptr || source.entries.front()->event.alert.raised_at <
                                          next->entries.front()->event.alert.raised_at) {
          next = &source;
        }
      }
      if (blocked || next == nullptr) break;
      const LogEntryPtr entry = std::move(next->entries.front());
      next->entries.pop_front();
      next->taken = entry->position;
      engine_->Take(entry->partition, entry->position, entry->event);
    }
    if (replaying_ && std::all_of(sources_.begin(), sources_.end(), [](const Source& source) {
          return source.taken >= source.target;
        })) {
      GoLive();
    }
    for (Firing& firing : engine_->Due(clock_->Now())) firings_.push_back(std::move(firing));
    Tell();
  }

  void GoLive() {
    replaying_ = false;
    std::vector<int64_t> settled;
    for (const Source& source : sources_) settled.push_back(source.settled);
    engine_->GoLive(settled);
    log_->Info("routes.following", {{"routes", std::string_view(routes_->version)},
                                    {"fence", fence_},
                                    {"clues", static_cast<int64_t>(engine_->clues())},
                                    {"groups", static_cast<int64_t>(engine_->groups())}});
  }

  // ---- Telling

  // The place behind which something hangs that is not in the log yet, leaving out the first
  // `without` of what waits to be told.
  ledger::RouteState Settled(size_t without = 0) const {
    ledger::RouteState state;
    state.kept_at = clock_->Now();
    state.starts = kept_.starts;
    state.place.emplace();
    for (size_t p = 0; p < sources_.size(); ++p) {
      int64_t position = replaying_ ? sources_[p].settled : sources_[p].taken;
      if (engine_ != nullptr && !replaying_) {
        if (const auto held = engine_->Unsettled(static_cast<int>(p))) {
          position = std::min(position, *held - 1);
        }
      }
      for (size_t i = without; i < firings_.size(); ++i) {
        if (firings_[i].partition == static_cast<int>(p) && firings_[i].position > 0) {
          position = std::min(position, firings_[i].position - 1);
        }
      }
      state.place->epochs.push_back(sources_[p].epoch);
      state.place->positions.push_back(position);
    }
    // A replay goes back from when all was seen to.
    if (replaying_ && kept_.kept_at != absl::InfinitePast()) state.kept_at = kept_.kept_at;
    return state;
  }

  void Tell() {
    metrics_.groups.Set(static_cast<double>(engine_->groups()));
    metrics_.clues.Set(static_cast<double>(engine_->clues()));
    metrics_.waiting.Set(static_cast<double>(firings_.size()));
    metrics_.forgotten.Increment(static_cast<double>(engine_->forgotten() - forgotten_));
    forgotten_ = engine_->forgotten();
    if (firings_.empty()) return Rest();
    if (options_.before_telling && !options_.before_telling()) {
      stopped_ = true;
      return;
    }
    const Firing& firing = firings_.front();
    ledger::DerivedAlert alert;
    alert.trigger = firing.trigger;
    alert.record = firing.record;
    alert.version = firing.version;
    alert.alert = firing.alert;
    const bool late = clock_->Now() - firing.tell_at > options_.late;
    if (late) {
      auto group = std::make_shared<domain::AlertGroup>(*firing.alert.group);
      group->late = true;
      alert.alert.group = std::move(group);
    }
    ledger::RouteState state = Settled(1);
    desk_.Tell(fence_, std::move(alert), state, options_.timeout,
               Guarded([this, state, late](absl::StatusOr<DeriveResult> told) {
                 // Whether it was written is not known; told again it is written once.
                 if (!told.ok()) return Fail("tell", told.status());
                 if (*told == DeriveResult::kLost) return Lose();
                 if (*told == DeriveResult::kDone) {
                   metrics_.CountTold(firings_.front().alert.group->route);
                   if (late) metrics_.late.Increment();
                 }
                 kept_ = state;
                 firings_.pop_front();
                 Tell();
               }));
  }

  void Rest() {
    const bool more = std::any_of(sources_.begin(), sources_.end(), [](const Source& source) {
      return !source.entries.empty() || source.read < source.end;
    });
    if (more) return Later(kBreath);
    ledger::RouteState state = Settled();
    if (replaying_ || state.kept_at - kept_.kept_at < options_.keep) return Later(options_.poll);
    Keep(std::move(state), [this] { Later(options_.poll); });
  }

  void Keep(ledger::RouteState state, std::function<void()> then) {
    desk_.Keep(fence_, state, options_.timeout,
               Guarded([this, state, then = std::move(then)](absl::StatusOr<DeriveResult> kept) {
                 if (!kept.ok()) return Fail("keep", kept.status());
                 if (*kept == DeriveResult::kLost) return Lose();
                 kept_ = state;
                 then();
               }));
  }

  void Lose() {
    log_->Info("routes.lost", {{"fence", fence_}});
    Drop();
    fence_ = 0;
    renew_at_ = absl::InfinitePast();
    Later(options_.poll);
  }

  ledger::Ledger* const ledger_;
  ledger::RouteDesk desk_;
  redis::Loop* const loop_;
  const RouteSlot* const slot_;
  const base::Clock* const clock_;
  observability::Logger* const log_;
  Options options_;
  FollowerMetrics metrics_;

  // The loop's thread.
  bool stopped_ = false;
  uint64_t round_ = 0;
  std::shared_ptr<const RouteSet> routes_;
  bool on_ = false;  // any of them
  ledger::LedgerState state_;
  int64_t fence_ = 0;
  absl::Time renew_at_ = absl::InfinitePast();
  ledger::RouteState kept_;
  absl::Time from_;
  bool replaying_ = true;
  std::unique_ptr<Engine> engine_;
  std::vector<Source> sources_;
  std::deque<Firing> firings_;
  size_t reads_ = 0;
  int64_t forgotten_ = 0;
  std::unique_ptr<redis::Loop::Timer> timer_;
};

Follower::Follower(ledger::Ledger* ledger, redis::Loop* loop, const RouteSlot* routes,
                   const base::Clock* clock, observability::Logger* log,
                   prometheus::Registry* metrics, Options options)
    : core_(std::make_shared<Core>(ledger, loop, routes, clock, log, metrics, std::move(options))) {
}
Follower::~Follower() { Stop(); }
void Follower::Start() { core_->Start(); }
void Follower::Stop() { core_->Stop(); }

}  // namespace supervision::combining
