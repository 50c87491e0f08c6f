#include "clients/cpp/submitter.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cpp/error.h"
#include "clients/cpp/local_error.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/steady_clock.h"

namespace supervision::client {
namespace {

// Not the clue's fault, and no repeat helps: somebody must give the caller the right.
bool IsBarred(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status) ||
         absl::IsUnimplemented(status);
}

// So often the service fails at a clue before those behind it pass.
constexpr int kFailuresBeforeOthersPass = 5;
// So many streams in a row have to break before it may be the fault of a clue.
constexpr int kStreamsInVain = 5;

// Whether the service has said of the clue itself that it does not take it. Where the service
// failed, or something else answered, the next time may be better.
bool IsRefusal(const absl::Status& status) {
  const Error error = ErrorOf(status);
  switch (error.code) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return false;
    default:
      return !error.reason.empty() && error.reason != "INTERNAL";
  }
}

// That those behind a clue pass it, and why.
absl::Status Passed(const std::string& request_id, int failures, const absl::Status& status) {
  const Error error = ErrorOf(status);
  const std::string& chinese = error.chinese.empty() ? error.english : error.chinese;
  return LocalError(
      status.code(),
      absl::StrCat("The service has failed ", failures, " times at the clue ", request_id,
                   "; those behind it go on, and it is tried again: ", error.english),
      absl::StrCat("服务处理线索 ", request_id, " 已失败 ", failures,
                   " 次；其后的线索继续移交，该条稍后再试：", chinese));
}

// Whether the end of a pipeline may be the fault of a clue that was sent on it.
bool MayBeOfOneClue(const absl::Status& status) {
  return !status.ok() && !IsBarred(status) && !absl::IsCancelled(status);
}

}  // namespace

Submitter::Submitter(Client* client, Spool* spool, SubmitterOptions options)
    : client_(client),
      spool_(spool),
      options_(std::move(options)),
      aside_backoff_(options_.backoff, std::random_device{}()),
      thread_([this] { Run(); }) {}

Submitter::~Submitter() { Stop(); }

absl::StatusOr<std::string> Submitter::Submit(v1::StreamCluesRequest clue) {
  auto id = spool_->Add(std::move(clue));
  base::MutexLock lock(&mutex_);
  more_ = true;
  changed_.SignalAll();
  return id;
}

absl::StatusOr<std::vector<std::string>> Submitter::SubmitAll(
    std::vector<v1::StreamCluesRequest> clues) {
  auto ids = spool_->AddAll(std::move(clues));
  base::MutexLock lock(&mutex_);
  more_ = true;
  changed_.SignalAll();
  return ids;
}

absl::Status Submitter::Flush(absl::Duration limit) {
  const absl::Time end = SteadyNow() + limit;
  int64_t barred_before;
  {
    base::MutexLock lock(&mutex_);
    hurry_ = true;
    more_ = true;  // the spool may have some that Submit knows nothing of
    barred_before = barred_;
    changed_.SignalAll();
  }
  while (true) {
    int64_t recorded_before;
    {
      base::MutexLock lock(&mutex_);
      recorded_before = recorded_;
    }
    const auto status = spool_->Status();
    if (!status.ok()) return status.status();
    if (status->waiting == 0) return absl::OkStatus();
    base::MutexLock lock(&mutex_);
    // What was written down since the look at the spool was signalled already.
    while (recorded_ == recorded_before) {
      const absl::Duration left = end - SteadyNow();
      if (stopped_ || barred_ > barred_before || left <= absl::ZeroDuration()) {
        if (!trouble_.ok()) return trouble_;
        if (!aside_trouble_.ok()) return aside_trouble_;
        return stopped_ ? absl::CancelledError("The submitter was stopped.")
                        : absl::DeadlineExceededError("Clues still wait in the spool.");
      }
      changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(left));
    }
  }
}

void Submitter::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Submitter::Run() {
  base::Backoff backoff(options_.backoff, std::random_device{}());
  while (true) {
    {
      base::MutexLock lock(&mutex_);
      while (!stopped_ && !more_) changed_.Wait(&mutex_);
      if (stopped_) return;
    }
    taken_ = false;
    const absl::Status status = HandOver();
    if (taken_) backoff.Reset();
    {
      base::MutexLock lock(&mutex_);
      if (stopped_) return;
      more_ = true;  // what was not answered still waits
    }
    if (status.ok()) {
      backoff.Reset();
      continue;
    }
    const absl::Duration delay = DelayAfter(ErrorOf(status), backoff);
    Trouble(status, delay);
    if (IsBarred(status)) {
      base::MutexLock lock(&mutex_);
      ++barred_;
      changed_.SignalAll();
    }
    Pause(delay);
  }
}

absl::Status Submitter::HandOver() {
  {
    base::MutexLock lock(&mutex_);
    ended_ = false;
    end_ = absl::OkStatus();
    break_.reset();
    answers_.clear();
  }
  sent_.clear();
  failure_ = absl::OkStatus();
  PipelineOptions options;
  options.window = options_.window;
  options.backoff.initial = std::min(options.backoff.initial, options_.backoff.initial);
  options.backoff.maximum = std::min(options.backoff.maximum, options_.backoff.maximum);
  options.patience = absl::InfiniteDuration();  // they wait in the spool anyway
  options.streams_in_vain = kStreamsInVain;
  options.on_break = [this](const absl::Status& status, absl::Duration delay) {
    base::MutexLock lock(&mutex_);
    break_.emplace(status, delay);
    changed_.SignalAll();
  };
  options.on_unanswered = [this](const v1::StreamCluesRequest&, const absl::Status& end) {
    base::MutexLock lock(&mutex_);
    ended_ = true;
    end_ = end;
    changed_.SignalAll();
  };
  absl::Status status;
  {
    CluePipeline pipeline(
        client_, options,
        [this](const v1::StreamCluesRequest& clue, const absl::StatusOr<v1::ClueReceipt>& answer) {
          base::MutexLock lock(&mutex_);
          answers_.push_back({clue.request_id(), answer});
          changed_.SignalAll();
        });
    int64_t position = 0;
    while (status.ok()) {
      TellBreak();
      status = Record();
      if (status.ok()) status = SendMore(pipeline, position);
      if (status.ok()) status = TryAside();
      if (!status.ok()) break;
      base::MutexLock lock(&mutex_);
      while (!stopped_ && !ended_ && answers_.empty() && !break_.has_value() && !AsideIsDue() &&
             !(more_ && sent_.size() < options_.window)) {
        if (aside_.empty()) {
          changed_.Wait(&mutex_);
        } else {
          changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(aside_due_ - SteadyNow()));
        }
      }
      if (stopped_ || ended_) break;
    }
  }
  // The pipeline has told of everything by now.
  const absl::Status recorded = Record();
  if (!status.ok()) return status;
  if (!recorded.ok()) return recorded;
  absl::Status end;
  {
    base::MutexLock lock(&mutex_);
    end = end_;
    if (stopped_) return end;  // which is not to wait for another call
  }
  return MayBeOfOneClue(end) ? SendOldestAlone(end) : end;
}

absl::StatusOr<std::vector<SpooledClue>> Submitter::Oldest(int64_t after, size_t limit) {
  std::vector<RefusedClue> damaged;
  auto clues = spool_->Oldest(after, limit, &damaged);
  for (const RefusedClue& one : damaged) {
    if (options_.on_refused) options_.on_refused(one.clue.request_id(), one.error);
  }
  if (!damaged.empty()) TellFlush();  // they may have been the last that waited
  return clues;
}

absl::Status Submitter::SendMore(CluePipeline& pipeline, int64_t& position) {
  if (sent_.size() >= options_.window) return absl::OkStatus();
  {
    base::MutexLock lock(&mutex_);
    if (stopped_ || ended_) return absl::OkStatus();
    if (!std::exchange(more_, false)) return absl::OkStatus();
  }
  const size_t room = options_.window - sent_.size();
  auto clues = Oldest(position, room);
  if (!clues.ok()) return clues.status();
  // Fewer than there is room for may still not be the last: damaged ones are left out.
  if (!clues->empty()) {
    base::MutexLock lock(&mutex_);
    more_ = true;
  }
  for (SpooledClue& spooled : *clues) {
    position = spooled.sequence;
    if (aside_.count(position) > 0) continue;
    sent_.emplace(spooled.clue.request_id(), spooled.sequence);
    // There is room, so it does not wait.
    if (absl::Status status = pipeline.Send(std::move(spooled.clue)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Submitter::Record() {
  std::vector<Answer> answers;
  {
    base::MutexLock lock(&mutex_);
    answers.swap(answers_);
    if (!answers.empty()) trouble_ = absl::OkStatus();
  }
  std::vector<int64_t> settled;
  absl::Status status;
  for (const Answer& answer : answers) {
    const auto found = sent_.find(answer.request_id);
    if (found == sent_.end()) continue;
    const int64_t sequence = found->second;
    sent_.erase(found);
    if (answer.outcome.ok() || IsRefusal(answer.outcome.status())) {
      status.Update(RecordOne(sequence, answer, settled));
    } else if (failure_.ok()) {
      // One in each hand-over: when the service is in trouble, all fail.
      failure_ = Failed(sequence, answer);
    }
  }
  if (absl::Status forgotten = spool_->Settle(settled); !forgotten.ok()) status = forgotten;
  if (!answers.empty()) TellFlush();
  return status.ok() ? failure_ : status;
}

absl::Status Submitter::RecordOne(int64_t sequence, const Answer& answer,
                                  std::vector<int64_t>& settled) {
  taken_ = true;
  ForgetFailures(sequence);
  if (answer.outcome.ok()) {
    if (options_.on_receipt) options_.on_receipt(answer.request_id, *answer.outcome);
    settled.push_back(sequence);
    return absl::OkStatus();
  }
  absl::Status status = spool_->Refuse(sequence, answer.outcome.status());
  if (status.ok() && options_.on_refused) {
    options_.on_refused(answer.request_id, answer.outcome.status());
  }
  return status;
}

absl::Status Submitter::Failed(int64_t sequence, const Answer& answer) {
  const absl::Status& status = answer.outcome.status();
  const int failures = ++failures_[sequence];
  if (failures < kFailuresBeforeOthersPass) return status;
  const absl::Status passed = Passed(answer.request_id, failures, status);
  if (aside_.insert(sequence).second) aside_due_ = SteadyNow() + aside_backoff_.Next();
  base::MutexLock lock(&mutex_);
  aside_trouble_ = passed;
  return passed;
}

void Submitter::ForgetFailures(int64_t sequence) {
  failures_.erase(sequence);
  if (aside_.erase(sequence) == 0 || !aside_.empty()) return;
  aside_backoff_.Reset();
  base::MutexLock lock(&mutex_);
  aside_trouble_ = absl::OkStatus();
}

absl::Status Submitter::SendOldestAlone(const absl::Status& end) {
  auto oldest = Oldest(0, aside_.size() + 1);
  if (!oldest.ok()) return oldest.status();
  for (SpooledClue& spooled : *oldest) {
    if (aside_.count(spooled.sequence) == 0) return SendAlone(spooled);
  }
  return end;
}

bool Submitter::AsideIsDue() const {
  return !aside_.empty() && (hurry_ || SteadyNow() >= aside_due_);
}

absl::Status Submitter::TryAside() {
  {
    base::MutexLock lock(&mutex_);
    if (stopped_ || ended_ || !AsideIsDue()) return absl::OkStatus();
    hurry_ = false;
  }
  // Those with the fewest failures first: what always fails keeps none back that would pass now.
  std::vector<std::pair<int, int64_t>> order;
  for (const int64_t sequence : aside_) order.emplace_back(failures_[sequence], sequence);
  std::sort(order.begin(), order.end());
  for (const auto& [failures, sequence] : order) {
    auto found = Oldest(sequence - 1, 1);
    if (!found.ok()) return found.status();
    if (found->empty() || found->front().sequence != sequence) {  // damaged meanwhile
      ForgetFailures(sequence);
      continue;
    }
    const absl::Status status = SendAlone(found->front());
    if (status.ok()) continue;
    const absl::Duration delay = DelayAfter(ErrorOf(status), aside_backoff_);
    aside_due_ = SteadyNow() + delay;
    Trouble(status, delay);
    break;
  }
  return absl::OkStatus();
}

absl::Status Submitter::SendAlone(SpooledClue& spooled) {
  v1::SubmitClueRequest request;
  request.set_request_id(spooled.clue.request_id());
  request.set_backfill(spooled.clue.backfill());
  *request.mutable_clue() = std::move(*spooled.clue.mutable_clue());
  const auto response = client_->Submit(request, {.retry = false});
  if (!response.ok() && (IsBarred(response.status()) || IsTransient(ErrorOf(response.status())))) {
    return response.status();
  }
  std::vector<int64_t> settled;
  const Answer answer{
      request.request_id(),
      response.ok() ? absl::StatusOr<v1::ClueReceipt>(response->receipt()) : response.status()};
  if (!response.ok() && !IsRefusal(response.status())) return Failed(spooled.sequence, answer);
  absl::Status status = RecordOne(spooled.sequence, answer, settled);
  if (status.ok()) status = spool_->Settle(settled);
  TellFlush();
  return status;
}

void Submitter::TellFlush() {
  base::MutexLock lock(&mutex_);
  ++recorded_;
  changed_.SignalAll();
}

void Submitter::TellBreak() {
  std::optional<std::pair<absl::Status, absl::Duration>> told;
  {
    base::MutexLock lock(&mutex_);
    told.swap(break_);
  }
  if (told.has_value()) Trouble(told->first, told->second);
}

void Submitter::Trouble(const absl::Status& status, absl::Duration delay) {
  {
    base::MutexLock lock(&mutex_);
    if (!status.ok()) trouble_ = status;
  }
  if (options_.on_trouble) options_.on_trouble(status, delay);
}

void Submitter::Pause(absl::Duration delay) {
  const absl::Time until = SteadyNow() + delay;
  base::MutexLock lock(&mutex_);
  while (!stopped_ && !hurry_) {
    const absl::Duration left = until - SteadyNow();
    if (left <= absl::ZeroDuration()) break;
    changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(left));
  }
  hurry_ = false;
}

}  // namespace supervision::client
