#include "services/redis/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/redis/failure.h"
#include "services/redis/info.h"

namespace supervision::redis {
namespace {

// One write takes at most about this much: what is not in a write yet is certainly "not sent".
constexpr size_t kWriteChunkBytes = 256 << 10;

// A Redis that reads its file says so until the moment that it is ready. It is asked steadily:
// with back-off, a load of ten seconds would be followed by a wait of up to reconnect_maximum.
constexpr absl::Duration kAskWhileItLoads = absl::Milliseconds(100);

constexpr char kInfo[] = "INFO";
constexpr char kFull[] = "max number of clients reached";
constexpr char kTimedOut[] = "a command timed out";

uint64_t SeedOf(uint64_t configured) {
  if (configured != 0) return configured;
  uint64_t seed;
  std::memcpy(&seed, base::RandomBytes(sizeof(seed)).data(), sizeof(seed));
  return seed;
}

// A connection's name as CLIENT SETNAME takes it: printable, without spaces.
std::string PrintableName(std::string name) {
  for (char& c : name) {
    if (c <= ' ' || c > '~') c = '-';
  }
  return name;
}

absl::Duration Until(Request::Time time) {
  return absl::FromChrono(time - std::chrono::steady_clock::now());
}

}  // namespace

Connection::Connection(Loop* loop, Client::Options options)
    : core_(loop->core_),
      options_(std::move(options)),
      backoff_({.initial = options_.reconnect_initial, .maximum = options_.reconnect_maximum},
               SeedOf(options_.jitter_seed)) {}

// ---- Callers' side

void Connection::Start() {
  const bool posted = core_->Post([self = shared_from_this()] {
    if (self->state_ == State::kClosed) return;  // stopped on this thread before we came to run
    self->core_->AddCloser(self.get(), [self] { self->Close(); });
    self->connect_timer_ = std::make_unique<LoopTimer>(
        self->core_->uv(), [raw = self.get()] { raw->OnConnectTimer(); });
    self->deadline_timer_ = std::make_unique<LoopTimer>(
        self->core_->uv(), [raw = self.get()] { raw->OnDeadlineTimer(); });
    self->Open();
    self->Deliver();
  });
  if (posted) return;
  base::MutexLock lock(&mutex_);
  stopped_ = closed_ = true;  // the loop has ended: nothing will ever run
}

void Connection::Enqueue(std::list<Request> request) {
  FailureKind refused;
  {
    base::MutexLock lock(&mutex_);
    const Request& front = request.front();
    if (stopped_) {
      refused = FailureKind::kNotSent;
    } else if (stats_.queued_commands + front.expected > options_.max_queued_commands ||
               stats_.queued_bytes + front.size > options_.max_queued_bytes) {
      refused = FailureKind::kOverloaded;
    } else {
      stats_.queued_commands += front.expected;
      stats_.queued_bytes += front.size;
      const bool wake = incoming_.empty();
      incoming_.splice(incoming_.end(), request);
      if (wake) core_->Post([self = shared_from_this()] { self->Wake(); });
      return;
    }
  }
  Refuse(std::move(request), refused, "");
}

void Connection::Refuse(std::list<Request> request, FailureKind kind, std::string why) {
  auto shared = std::make_shared<std::list<Request>>(std::move(request));
  core_->Post([shared, failure = Failure{kind, std::move(why)}] {
    Request& refused = shared->front();
    if (refused.callback) return refused.callback(failure);
    refused.callbacks(std::vector<Result>(refused.expected, failure));
  });
}

Client::Stats Connection::GetStats() const {
  base::MutexLock lock(&mutex_);
  return stats_;
}

void Connection::Renew(std::string why) {
  core_->Post([self = shared_from_this(), why = std::move(why)] {
    if (self->state_ == State::kClosed) return;
    self->Break(why, Unsent::kKeep, absl::ZeroDuration());
    self->connect_timer_->Start(absl::ZeroDuration());
    self->Deliver();
  });
}

void Connection::Stop() {
  if (core_->OnLoopThread()) return Close();
  core_->Post([self = shared_from_this()] { self->Close(); });
  // Where the loop takes no more tasks, it has closed us already.
  base::MutexLock lock(&mutex_);
  while (!closed_) closed_changed_.Wait(&mutex_);
}

// ---- Entry points on the loop's thread

void Connection::Wake() {
  if (state_ == State::kClosed) return;
  std::list<Request> fresh;
  {
    base::MutexLock lock(&mutex_);
    fresh.swap(incoming_);
  }
  for (auto request = fresh.begin(); request != fresh.end(); ++request) {
    request->place = deadlines_.emplace_hint(deadlines_.end(), request->deadline, request);
  }
  FailStrays(&fresh);
  waiting_.splice(waiting_.end(), fresh);
  CheckDeadlines();
  Flush();
  Deliver();
}

void Connection::OnConnected() {
  const auto self = shared_from_this();
  Enter();
  Deliver();
}

void Connection::OnRead(std::string_view bytes) {
  const auto self = shared_from_this();
  reader_->Feed(bytes);
  while (reader_ != nullptr) {  // until a reply makes us break
    absl::StatusOr<std::optional<Reply>> reply = reader_->Next();
    if (!reply.ok()) {
      Break(std::string(reply.status().message()), Unsent::kAnswer, absl::ZeroDuration());
    } else if (!reply->has_value()) {
      break;
    } else if (state_ == State::kEntering) {
      HandleEntryReply(**reply);
    } else {
      HandleReply(std::move(**reply));
    }
  }
  Flush();
  Deliver();
}

void Connection::OnWritten() {
  const auto self = shared_from_this();
  writing_ = false;
  Flush();
  Deliver();
}

void Connection::OnBroken(const std::string& why) {
  const auto self = shared_from_this();
  Break(why, Unsent::kAnswer, absl::ZeroDuration());
  Deliver();
}

void Connection::OnConnectTimer() {
  const auto self = shared_from_this();
  if (state_ == State::kWaitingToConnect) {
    Open();
  } else {
    Break("connecting took too long", Unsent::kKeep, absl::ZeroDuration());
  }
  Deliver();
}

void Connection::OnDeadlineTimer() {
  const auto self = shared_from_this();
  deadline_armed_ = Request::Time::max();
  CheckDeadlines();
  Deliver();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  {
    base::MutexLock lock(&mutex_);
    stopped_ = true;
    waiting_.splice(waiting_.end(), incoming_);
    stats_.connected = false;
  }
  // The newest of these have no deadline registered; none is needed any more.
  deadlines_.clear();
  for (std::list<Request>* list : {&sent_, &retries_, &waiting_}) {
    for (Request& request : *list) request.place = deadlines_.end();
  }
  FailAll(&sent_, FailureKind::kOutcomeUnknown, "stopped");
  FailAll(&retries_, FailureKind::kNotSent, "stopped");
  FailAll(&waiting_, FailureKind::kNotSent, "stopped");
  if (state_ == State::kReady) state_changes_.push_back(false);
  socket_.reset();
  reader_.reset();
  connect_timer_.reset();
  deadline_timer_.reset();
  state_ = State::kClosed;
  core_->RemoveCloser(this);
  Deliver();
}

// ---- Connecting

void Connection::Open() {
  state_ = State::kConnecting;
  connect_timer_->Start(options_.connect_timeout);
  reader_ = std::make_unique<ReplyReader>();
  socket_ = std::make_unique<Socket>(core_->uv(), options_.address, this);
  if (!socket_->Connect()) {
    Break("the address is too long", Unsent::kKeep, absl::ZeroDuration());
  }
}

// Sends all that a fresh connection needs at once: the replies come in the same order.
void Connection::Enter() {
  state_ = State::kEntering;
  const Address& address = options_.address;
  const auto step = [this](const Command& command, bool may_be_refused) {
    AppendCommand(command, &out_);
    steps_.push_back({command[0], may_be_refused});
  };
  const std::string password = address.password_now ? address.password_now() : address.password;
  if (!password.empty()) {
    Command auth = {"AUTH"};
    if (!address.user.empty()) auth.push_back(address.user);
    auth.push_back(password);
    step(auth, false);
  }
  if (address.database != 0) step({"SELECT", std::to_string(address.database)}, false);
  if (!options_.name.empty()) step({"CLIENT", "SETNAME", PrintableName(options_.name)}, true);
  for (const Script* script : options_.scripts) step({"SCRIPT", "LOAD", script->source()}, false);
  run_id_.clear();
  if (options_.accepts) step({kInfo, "server"}, true);
  step({"PING"}, true);  // LOADING, MASTERDOWN and NOAUTH show here when nothing above shows them
  const Socket::Written written = socket_->Write(&out_);
  writing_ = written == Socket::Written::kPending;
  if (written == Socket::Written::kFailed) {
    Break("cannot write", Unsent::kKeep, absl::ZeroDuration());
  }
}

void Connection::HandleEntryReply(const Reply& reply) {
  const Step step = std::move(steps_.front());
  steps_.pop_front();
  if (reply.is_error()) {
    const std::string_view code = std::string_view(reply.text).substr(0, reply.text.find(' '));
    // Who writes is told of MISCONF by the command; it refuses PING too.
    if (!(step.may_be_refused && (code == "NOPERM" || code == "MISCONF"))) {
      // An odd server's answer to AUTH may repeat the arguments: only its first word is kept, but
      // for what a full one says to whatever comes first.
      const bool full = absl::StrContains(reply.text, kFull);
      const std::string said = step.name == "AUTH" && !full ? std::string(code) : reply.text;
      Break(absl::StrCat(step.name, " was refused: ", said), Unsent::kKeep, absl::ZeroDuration());
      if (ClassifyError(reply.text).kind == FailureKind::kLoading) {
        backoff_.Reset();
        connect_timer_->Start(kAskWhileItLoads);
      }
      return;
    }
  }
  if (step.name == kInfo && !reply.is_error()) run_id_ = ParseInfo(reply.text)["run_id"];
  if (!steps_.empty()) return;
  if (options_.accepts && !options_.accepts(run_id_)) {
    return Break("the address leads to another server", Unsent::kKeep, absl::ZeroDuration());
  }
  state_ = State::kReady;
  connect_timer_->Cancel();
  Tell(true);
}

void Connection::Break(std::string why, Unsent unsent, absl::Duration reconnect_not_before) {
  if (state_ == State::kClosed || state_ == State::kWaitingToConnect) return;
  const bool was_ready = state_ == State::kReady;
  state_ = State::kWaitingToConnect;
  socket_.reset();
  reader_.reset();
  steps_.clear();
  out_.clear();
  writing_ = draining_ = reload_all_ = false;
  reloading_.clear();
  last_error_ = std::move(why);
  {
    base::MutexLock lock(&mutex_);
    stats_.last_error = last_error_;
  }
  FailAll(&sent_, FailureKind::kOutcomeUnknown, last_error_);
  if (was_ready) {
    if (unsent == Unsent::kAnswer) {
      FailAll(&retries_, FailureKind::kNotSent, last_error_);
      FailAll(&waiting_, FailureKind::kNotSent, last_error_);
    }
    FailStrays(&retries_);
    FailStrays(&waiting_);
    Tell(false);
  }
  connect_timer_->Start(std::max(reconnect_not_before, backoff_.Next()));
}

void Connection::Tell(bool connected) {
  if (connected) ++number_;
  {
    base::MutexLock lock(&mutex_);
    stats_.connected = connected;
    stats_.connects = number_;
  }
  state_changes_.push_back(connected);
}

// ---- Commands

void Connection::Flush() {
  while (state_ == State::kReady && !draining_ && !writing_) {
    if (reload_all_) {
      reload_all_ = false;
      for (const Script* script : options_.scripts) AppendReload(script, &out_);
    }
    while (!retries_.empty() && out_.size() < kWriteChunkBytes) {
      AppendReload(retries_.front().script, &out_);
      AppendRequest(&retries_, &out_);
    }
    while (!waiting_.empty() && out_.size() < kWriteChunkBytes) AppendRequest(&waiting_, &out_);
    if (out_.empty()) return;
    switch (socket_->Write(&out_)) {
      case Socket::Written::kAll:
        break;
      case Socket::Written::kPending:
        writing_ = true;
        return;
      case Socket::Written::kFailed:
        return Break("cannot write", Unsent::kAnswer, absl::ZeroDuration());
    }
  }
}

void Connection::AppendRequest(std::list<Request>* from, std::string* out) {
  Request& request = from->front();
  out->append(request.bytes);
  if (request.script == nullptr) request.bytes = std::string();  // it is never sent again
  request.sent = true;
  request.sent_at = std::chrono::steady_clock::now();
  sent_.splice(sent_.end(), *from, from->begin());
}

// Once for all that wait for it: what follows in the pipeline finds the script loaded.
void Connection::AppendReload(const Script* script, std::string* out) {
  if (!reloading_.insert(script).second) return;
  AppendCommand({"SCRIPT", "LOAD", script->source()}, out);
  Request& request = sent_.emplace_back();
  request.script = script;
  request.reload = true;
}

void Connection::HandleReply(Reply reply) {
  if (sent_.empty()) {
    return Break("a reply came that nobody had asked for", Unsent::kAnswer, absl::ZeroDuration());
  }
  const auto request = sent_.begin();
  if (request->reload) {
    reloading_.erase(request->script);
    sent_.erase(request);
  } else if (TakeReply(&*request, std::move(reply)) == Taken::kRunAgain) {
    request->ran_again = true;
    request->sent = false;
    retries_.splice(retries_.end(), sent_, request);
  } else if (request->results.size() == request->expected) {
    Finish(&sent_, request);
  }
  if (draining_ && sent_.empty()) Break(last_error_, Unsent::kKeep, drain_delay_);
}

Connection::Taken Connection::TakeReply(Request* request, Reply reply) {
  if (!reply.is_error()) {
    backoff_.Reset();
    request->results.emplace_back(std::move(reply));
    return Taken::kAnswer;
  }
  Failure failure = ClassifyError(std::move(reply.text));
  if (failure.kind == FailureKind::kNoScript) {
    // Redis has lost its scripts, and this one has certainly not run. What is not ours to repeat
    // fails, but the next one shall work.
    if (request->script != nullptr && !request->ran_again && !request->given_up) {
      return Taken::kRunAgain;
    }
    if (request->script == nullptr) reload_all_ = true;
  }
  const FailureRow& row = Row(failure.kind);
  if (row.renews_connection) {
    draining_ = true;
    drain_delay_ = row.retry_after;
    last_error_ = failure.text;
  }
  request->results.emplace_back(std::move(failure));
  return Taken::kAnswer;
}

// Answers whatever is too late, and gives a connection up on which Redis is silent, which answers
// everything that was sent.
void Connection::CheckDeadlines() {
  const Request::Time now = std::chrono::steady_clock::now();
  bool silent = false;
  for (auto next = deadlines_.begin(); next != deadlines_.end() && next->first <= now;) {
    const std::list<Request>::iterator request = (next++)->second;
    if (request->sent) {
      silent = silent || now - request->sent_at >= absl::ToChronoNanoseconds(options_.silence);
      if (!silent) GiveUp(request);
    } else {
      Fail(request->ran_again ? &retries_ : &waiting_, request, FailureKind::kNotSent,
           state_ == State::kReady ? "timed out in the queue"
                                   : absl::StrCat("no connection: ", last_error_));
    }
  }
  if (silent) Break(kTimedOut, Unsent::kKeep, absl::ZeroDuration());
  if (!deadlines_.empty() && deadlines_.begin()->first < deadline_armed_) {
    deadline_armed_ = deadlines_.begin()->first;
    deadline_timer_->Start(Until(deadline_armed_));
  }
}

// Its caller is answered; the request itself stays where its reply will find it.
void Connection::GiveUp(std::list<Request>::iterator request) {
  Request& answer = finished_.emplace_back();
  answer.callback = std::exchange(request->callback, nullptr);
  answer.callbacks = std::exchange(request->callbacks, nullptr);
  answer.results = request->results;
  answer.results.resize(request->expected, Failure{FailureKind::kOutcomeUnknown, kTimedOut});
  answer.expected = answer.size = 0;  // still counted for the request
  request->given_up = true;
  deadlines_.erase(request->place);
  request->place =
      deadlines_.emplace(request->sent_at + absl::ToChronoNanoseconds(options_.silence), request);
}

void Connection::FailAll(std::list<Request>* requests, FailureKind kind, const std::string& why) {
  while (!requests->empty()) Fail(requests, requests->begin(), kind, why);
}

// What is for a connection that is over. A callback asks for such a thing when it has yet to be
// told that the connection is lost: without this, it would be the first on the next one.
void Connection::FailStrays(std::list<Request>* requests) {
  for (auto next = requests->begin(); next != requests->end();) {
    const auto request = next++;
    if (request->only_on == Client::kAnyConnection) continue;
    if (state_ == State::kReady && request->only_on == number_) continue;
    Fail(requests, request, FailureKind::kNotSent, "its connection is over");
  }
}

void Connection::Fail(std::list<Request>* from, std::list<Request>::iterator request,
                      FailureKind kind, const std::string& why) {
  if (request->reload) {
    from->erase(request);
    return;
  }
  while (request->results.size() < request->expected) {
    request->results.emplace_back(Failure{kind, why});
  }
  Finish(from, request);
}

void Connection::Finish(std::list<Request>* from, std::list<Request>::iterator request) {
  if (request->place != deadlines_.end()) deadlines_.erase(request->place);
  finished_.splice(finished_.end(), *from, request);
}

// Answers first, then changes of state: after "lost" no answer of that connection comes any more.
void Connection::Deliver() {
  if (delivering_) return;  // a callback has called Stop(): the outer call goes on
  delivering_ = true;
  while (!finished_.empty() || !state_changes_.empty()) {
    std::list<Request> finished = std::move(finished_);
    std::vector<bool> changes = std::move(state_changes_);
    finished_.clear();
    state_changes_.clear();
    {
      base::MutexLock lock(&mutex_);
      for (const Request& request : finished) {
        stats_.queued_commands -= request.expected;
        stats_.queued_bytes -= request.size;
      }
    }
    for (Request& request : finished) {
      if (request.given_up) continue;
      if (request.callback) {
        request.callback(std::move(request.results.front()));
      } else {
        request.callbacks(std::move(request.results));
      }
    }
    finished.clear();
    if (!options_.on_state_change) continue;
    for (const bool connected : changes) options_.on_state_change(connected);
  }
  delivering_ = false;
  if (state_ != State::kClosed) return;
  base::MutexLock lock(&mutex_);
  closed_ = true;
  closed_changed_.SignalAll();
}

}  // namespace supervision::redis
