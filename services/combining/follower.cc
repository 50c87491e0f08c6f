#include "services/combining/follower.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/combining/engine.h"
#include "services/combining/follower_metrics.h"
#include "services/combining/hushing.h"
#include "services/combining/merged_log.h"
#include "services/combining/untold.h"
#include "services/domain/civil_date.h"
#include "services/domain/error.h"
#include "services/ledger/route_desk.h"

namespace supervision::combining {
namespace {

using ledger::DeriveResult;

constexpr size_t kHolderBytes = 16;
// After a failure, and between two pages of a replay, others come first.
constexpr absl::Duration kAfterFailure = absl::Seconds(1);
constexpr absl::Duration kBreath = absl::Milliseconds(1);
constexpr absl::Duration kIdlePoll = absl::Seconds(1);
constexpr int kRecordPage = 200;
// So often is tried, with a replay between, what the ledger cannot do for a reason of its own: one
// damaged record must not keep back all the rest.
constexpr int kMostTries = 3;
constexpr size_t kMostRefused = 1000;

}  // namespace

// One thing at a time: take or renew the lease; find where to begin; read on in the log; tell what
// is due. Each step begins the next by its callback, and the round ends in Later(). Whatever is
// lost (lease, epoch, routes) drops all and begins anew.
class Follower::Core : public std::enable_shared_from_this<Follower::Core> {
 public:
  Core(ledger::Ledger* ledger, redis::Loop* loop, const RouteSlot* routes, const base::Clock* clock,
       observability::Logger* log, prometheus::Registry* metrics, Options options)
      : ledger_(ledger),
        desk_(ledger),
        hushing_(ledger, options.watchers_of),
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
      self->merged_.reset();
    });
  }

 private:
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
    merged_.reset();
    record_.reset();
    kept_on_ = absl::InfinitePast();
    firings_.clear();
    untold_.Clear();
    hushes_.clear();
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

  // What fails may be what `name` names, and not the ledger.
  void FailOver(const std::string& name, const char* where, const absl::Status& status) {
    if (domain::HasReason(status, domain::Reason::kInternal)) {
      if (refused_.size() >= kMostRefused) refused_.clear();
      if (++refused_[name] == kMostTries) {
        log_->Error("routes.given_up",
                    {{"where", std::string_view(where)}, {"what", std::string_view(name)}});
      }
    }
    Fail(where, status);
  }
  bool IsGivenUp(const std::string& name) const {
    const auto found = refused_.find(name);
    return found != refused_.end() && found->second >= kMostTries;
  }

  void Tick() {
    if (auto routes = slot_->Get(); routes != routes_) {
      Drop();
      routes_ = std::move(routes);
      calendar_at_ = absl::InfinitePast();
      for (const Route& route : routes_->routes) metrics_.Know(route.id);
      on_ = std::any_of(routes_->routes.begin(), routes_->routes.end(),
                        [](const Route& route) { return route.enabled; });
      // It was off for a moment only. An owner knows that by itself, of others it says nothing.
      if (on_ && !off_is_kept_ && fence_ != 0) kept_.starts.clear();
      off_is_kept_ = on_;
    }
    LookAtCalendar();
    if (!on_ && off_is_kept_) return Later(kIdlePoll);
    state_ = ledger_->state();
    if (!state_.ready) return Later(options_.poll);
    if (!on_) return KeepOff();
    if (clock_->Now() >= renew_at_) return TakeLease();
    if (fence_ == 0) return Later(options_.poll);
    Go();
  }

  // At once and each day: without the next year's days a holiday is taken for working days.
  void LookAtCalendar() {
    const absl::Time now = clock_->Now();
    if (now < calendar_at_) return;
    calendar_at_ = now + absl::Hours(24);
    const absl::Time ends = CalendarEnds(*routes_, now);
    const bool asked = ends != absl::InfiniteFuture();
    metrics_.calendar_ends.Set(asked ? static_cast<double>(absl::ToUnixSeconds(ends)) : 0);
    if (!asked || ends - now > kCalendarEndsSoon) return;
    log_->Warning("routes.calendar_ends",
                  {{"missing_year", absl::ToCivilYear(ends, domain::ChinaTime()).year()},
                   {"days", absl::ToInt64Hours(ends - now) / 24}});
  }

  // With no route on, what comes is nobody's to tell: once it stands in the ledger that none is on,
  // a route that is switched on begins anew. While another follows the routes, they are on there.
  void KeepOff() {
    desk_.Take(options_.holder, options_.lease, options_.timeout,
               Guarded([this](absl::StatusOr<ledger::RouteLease> lease) {
                 if (!lease.ok() || lease->fence == 0) return Later(kIdlePoll);
                 fence_ = lease->fence;
                 kept_ = std::move(lease->state);
                 const auto done = [this] {
                   off_is_kept_ = true;
                   Later(kIdlePoll);
                 };
                 if (kept_.starts.empty()) return done();
                 ledger::RouteState state = kept_;
                 state.starts.clear();
                 Keep(std::move(state), done);
               }));
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
    if (merged_ != nullptr && !merged_->InEpochsOf(state_.partitions)) Drop();
    if (engine_ == nullptr) return Begin();
    if (record_.has_value()) return Recall();
    Read();
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
    // Of a ledger that nobody has followed yet all is settled; of history that was lost, nothing is
    // known.
    settled_ = latest.positions;
    const bool known = kept_.place.has_value() && kept_.place->positions.size() == settled_.size();
    for (size_t p = 0; known && p < settled_.size(); ++p) {
      const bool same = kept_.place->epochs[p] == latest.epochs[p];
      settled_[p] = same ? kept_.place->positions[p] : 0;
    }
    // When none was on, nothing waits to be told.
    const bool followed = kept_.kept_at != absl::InfinitePast() && !kept_.starts.empty();
    const absl::Time from = std::min(followed ? kept_.kept_at : now, now) - ReachOf(*routes_);
    const bool changed = !known || starts != kept_.starts;
    kept_.starts = std::move(starts);
    engine_ = std::make_unique<Engine>(routes_, kept_.starts);
    merged_ = std::make_shared<MergedLog>(ledger_, latest, options_.page, options_.timeout);
    forgotten_ = 0;
    replaying_ = begins_ = true;
    if (const absl::Duration reach = RecordOf(*routes_); reach > absl::ZeroDuration()) {
      record_.emplace();
      record_->kind = ledger::ListQuery::Kind::kAlerts;
      record_->filter.states.set(static_cast<size_t>(domain::AlertState::kResolved));
      record_->received_from = from - reach;
      record_->page_size = kRecordPage;
    }
    const auto find = [this, from] {
      merged_->FindStart(state_.partitions, from, [this](absl::Status found) {
        if (!found.ok()) return Fail("start", found);
        Go();
      });
    };
    if (!changed) return find();
    // Before anything is told, so that whoever comes next knows since when the routes are on.
    Keep(Settled(), find);
  }

  // What is known against organs lies in the ledger for longer than in its log. A page at a time,
  // so that the lease is renewed between them; what is too much the engine forgets.
  void Recall() {
    ledger_->List(*record_, options_.timeout,
                  Guarded([this](absl::StatusOr<ledger::ListPage> page) {
                    if (!page.ok()) return Fail("record", page.status());
                    for (const ledger::ClueSummary& clue : page->clues) {
                      engine_->Recall(clue.alert);
                    }
                    record_->page_token = std::move(page->next_page_token);
                    if (record_->page_token.empty()) record_.reset();
                    Later(kBreath);
                  }));
  }

  // ---- Reading

  void Read() {
    merged_->Read(state_.partitions, [this](absl::Status read) {
      if (!read.ok()) return Fail("read", read);
      Take();
    });
  }

  void Take() {
    if (std::exchange(begins_, false)) {
      engine_->HistoryBegins(known_since_ = merged_->KnownSince(clock_->Now()));
    }
    while (const ledger::LogEntryPtr entry = merged_->Next()) {
      engine_->Take(entry->partition, entry->position, entry->event);
    }
    if (replaying_ && merged_->replayed()) GoLive();
    for (Firing& firing : engine_->Due(clock_->Now())) {
      untold_.Add(firing);
      firings_.push_back(std::move(firing));
    }
    for (Hush& hush : engine_->Hushes()) hushes_.push_back(std::move(hush));
    Tell();
  }

  void GoLive() {
    replaying_ = false;
    engine_->GoLive(settled_);
    log_->Info("routes.following", {{"routes", std::string_view(routes_->version)},
                                    {"fence", fence_},
                                    {"clues", static_cast<int64_t>(engine_->clues())},
                                    {"groups", static_cast<int64_t>(engine_->groups())}});
    for (const Route& route : routes_->routes) {
      const auto* const surge = std::get_if<SurgeRule>(&route.rule);
      if (!route.enabled || surge == nullptr) continue;
      const absl::Time from = SpeaksFrom(*surge, known_since_);
      if (from <= clock_->Now()) continue;
      const std::string until = absl::FormatTime(absl::RFC3339_sec, from, domain::ChinaTime());
      log_->Info("routes.usual_not_known", {{"route", std::string_view(route.id)},
                                            {"silent_until", std::string_view(until)}});
    }
  }

  // ---- Telling

  // The place behind which something hangs that is not in the log yet, and since when.
  ledger::RouteState Settled() const {
    ledger::RouteState state;
    state.kept_at = clock_->Now();
    state.starts = kept_.starts;
    state.place.emplace();
    for (size_t p = 0; p < settled_.size(); ++p) {
      int64_t position = replaying_ ? settled_[p] : merged_->taken(p);
      if (!replaying_) {
        const auto partition = static_cast<int>(p);
        for (const auto first : {engine_->Unsettled(partition), untold_.First(partition)}) {
          if (first.has_value()) position = std::min(position, *first - 1);
        }
      }
      state.place->epochs.push_back(merged_->epoch(p));
      state.place->positions.push_back(position);
    }
    // A replay goes back from when all was seen to. What waits for its time, over a weekend or a
    // holiday, has not been; nor is it known what hangs on what has yet to be read.
    if (!replaying_) {
      state.kept_at = std::min({state.kept_at, engine_->UntoldSince(), untold_.since()});
    }
    if ((replaying_ || merged_->more()) && kept_.kept_at != absl::InfinitePast()) {
      state.kept_at = std::min(state.kept_at, kept_.kept_at);
    }
    return state;
  }

  void Tell() {
    metrics_.groups.Set(static_cast<double>(engine_->groups()));
    metrics_.clues.Set(static_cast<double>(engine_->clues()));
    metrics_.waiting.Set(static_cast<double>(firings_.size()));
    metrics_.forgotten.Increment(static_cast<double>(engine_->forgotten() - forgotten_));
    forgotten_ = engine_->forgotten();
    if (firings_.empty()) return Silence();
    if (options_.before_telling && !options_.before_telling()) {
      stopped_ = true;
      return;
    }
    const Firing& firing = firings_.front();
    const std::string name = absl::StrCat(firing.alert.group->digest, " ", firing.trigger);
    if (IsGivenUp(name)) {
      untold_.Remove(firing);
      firings_.pop_front();
      return Tell();
    }
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
    untold_.Remove(firing);  // it comes into the log in the step that moves the place
    const ledger::RouteState state = Settled();
    desk_.Tell(fence_, std::move(alert), state, options_.timeout,
               Guarded([this, state, late, name](absl::StatusOr<DeriveResult> told) {
                 // Whether it was written is not known; told again it is written once.
                 if (!told.ok()) return FailOver(name, "tell", told.status());
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

  // What was told before makes its matter's lesser members silent, or no longer.
  void Silence() {
    if (hushes_.empty()) return Rest();
    const std::string name = absl::StrCat(hushes_.front().matter, " ", hushes_.front().clue_id);
    if (IsGivenUp(name)) {
      hushes_.pop_front();
      return Silence();
    }
    hushing_.Make(hushes_.front(), clock_->Now(), options_.timeout,
                  Guarded([this, name](absl::StatusOr<Hushing::Result> made) {
                    if (!made.ok()) return FailOver(name, "silence", made.status());
                    if (*made == Hushing::Result::kMade || *made == Hushing::Result::kRefused) {
                      metrics_.CountSilence(*made == Hushing::Result::kMade);
                    }
                    hushes_.pop_front();
                    Silence();
                  }));
  }

  void Rest() {
    if (merged_->more()) return Later(kBreath);
    const absl::Time now = clock_->Now();
    if (replaying_ || now - kept_on_ < options_.keep) return Later(options_.poll);
    kept_on_ = now;
    Keep(Settled(), [this] { Later(options_.poll); });
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
  Hushing hushing_;
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
  bool on_ = false;                                // any of them
  bool off_is_kept_ = false;                       // the ledger has it that none is, or some is
  absl::Time calendar_at_ = absl::InfinitePast();  // when the calendar is looked at next
  ledger::LedgerState state_;
  int64_t fence_ = 0;
  absl::Time renew_at_ = absl::InfinitePast();
  ledger::RouteState kept_;
  bool replaying_ = true;
  bool begins_ = true;  // nothing was read yet
  absl::Time known_since_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<MergedLog> merged_;
  std::optional<ledger::ListQuery> record_;  // while what is known against organs is being read
  std::vector<int64_t> settled_;  // of each partition: what was due up to here has been seen to
  absl::Time kept_on_ = absl::InfinitePast();  // when the place was moved with nothing to tell
  std::deque<Firing> firings_;
  Untold untold_;  // of firings_
  std::deque<Hush> hushes_;
  std::unordered_map<std::string, int> refused_;  // how often the ledger could not do it
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
