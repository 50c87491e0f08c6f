#include "clients/cpp/pipeline.h"

#include <algorithm>
#include <random>
#include <utility>

#include "clients/cpp/request_id.h"
#include "clients/cpp/steady_clock.h"
#include "grpcpp/support/client_callback.h"

namespace supervision::client {

// The reactions of one stream: they only report to the pipeline, whose thread decides. The hold
// lets that thread start operations outside of reactions; it is given back before the call can end.
class CluePipeline::Stream final
    : public grpc::ClientBidiReactor<v1::StreamCluesRequest, v1::StreamCluesResponse> {
 public:
  explicit Stream(CluePipeline* owner) : owner_(owner) {
    owner_->client_->Authorize(context_);
    owner_->client_->clue_streams().async()->StreamClues(&context_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  void Write(v1::StreamCluesRequest clue) {
    request_ = std::move(clue);
    StartWrite(&request_);
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (owner_->Heard(ok, response_)) StartRead(&response_);
  }
  void OnWriteDone(bool ok) override { owner_->Written(ok); }
  // Last: the pipeline's thread may delete this as soon as it knows.
  void OnDone(const grpc::Status& status) override { owner_->Done(ToAbslStatus(status)); }

 private:
  CluePipeline* const owner_;
  grpc::ClientContext context_;
  v1::StreamCluesRequest request_;
  v1::StreamCluesResponse response_;
};

CluePipeline::CluePipeline(Client* client, const PipelineOptions& options, OnAnswer on_answer)
    : client_(client),
      options_(options),
      on_answer_(std::move(on_answer)),
      backoff_(options.backoff, std::random_device{}()),
      thread_([this] { Run(); }) {}

CluePipeline::~CluePipeline() {
  {
    base::MutexLock lock(&mutex_);
    abandoned_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status CluePipeline::Send(v1::StreamCluesRequest clue) {
  if (clue.request_id().empty()) clue.set_request_id(NewRequestId());
  base::MutexLock lock(&mutex_);
  while (!ended_ && Outstanding() >= options_.window) changed_.Wait(&mutex_);
  if (ended_) return end_.ok() ? absl::FailedPreconditionError("The pipeline is finished.") : end_;
  if (Outstanding() == 0) last_settled_ = SteadyNow();
  waiting_.emplace(taken_++, std::move(clue));
  changed_.SignalAll();
  return absl::OkStatus();
}

absl::Status CluePipeline::Finish() {
  base::MutexLock lock(&mutex_);
  finishing_ = true;
  changed_.SignalAll();
  while (!ended_ || !answers_.empty()) changed_.Wait(&mutex_);
  return end_;
}

int64_t CluePipeline::resent() const {
  base::MutexLock lock(&mutex_);
  return resent_;
}

void CluePipeline::Run() {
  while (true) {
    {
      base::MutexLock lock(&mutex_);
      while (waiting_.empty() && !finishing_ && !abandoned_) changed_.Wait(&mutex_);
      if (waiting_.empty() || abandoned_) break;
    }
    if (!PrepareNext(RunStream())) return;
  }
  bool abandoned;
  {
    base::MutexLock lock(&mutex_);
    abandoned = abandoned_;
  }
  End(abandoned ? absl::CancelledError("The pipeline was abandoned.") : absl::OkStatus());
}

absl::Status CluePipeline::RunStream() {
  {
    base::MutexLock lock(&mutex_);
    stream_ = StreamState();
    last_heard_ = SteadyNow();
  }
  Stream stream(this);
  while (true) {
    Step step;
    v1::StreamCluesRequest clue;
    absl::Status status;
    {
      base::MutexLock lock(&mutex_);
      while ((step = NextStep()) == Step::kWait) WaitUntil(NextWake());
      if (step == Step::kWrite) clue = std::move(stream_.writing);
      status = stream_.cancelled && !abandoned_
                   ? absl::UnavailableError("The service gave no answer in time.")
                   : stream_.status;
    }
    switch (step) {
      case Step::kWait:
        break;
      case Step::kTell:
        TellAnswers();
        break;
      case Step::kWrite:
        stream.Write(std::move(clue));
        break;
      case Step::kHalfClose:
        stream.StartWritesDone();
        break;
      case Step::kCancel:
        stream.Cancel();
        break;
      case Step::kRelease:
        stream.RemoveHold();
        break;
      case Step::kEnd:
        return status;
    }
  }
}

CluePipeline::Step CluePipeline::NextStep() {
  const absl::Time now = SteadyNow();
  if (!answers_.empty()) return Step::kTell;
  if (stream_.done) return Step::kEnd;
  const bool overdue = (!sent_.empty() && now - last_heard_ >= options_.answer_timeout) ||
                       (Outstanding() > 0 && now - last_settled_ >= options_.patience);
  if ((abandoned_ || overdue) && !stream_.cancelled) {
    stream_.cancelled = true;
    return Step::kCancel;
  }
  const bool over = stream_.broken || stream_.cancelled || stream_.half_closed;
  if (over && !stream_.released) {
    stream_.released = true;
    return Step::kRelease;
  }
  if (over || stream_.write_in_flight) return Step::kWait;
  if (!waiting_.empty() && now >= pause_until_) {
    auto oldest = waiting_.extract(waiting_.begin());
    if (sent_.empty()) last_heard_ = now;
    stream_.writing = oldest.mapped();
    stream_.write_in_flight = true;
    sent_.emplace(stream_.next_index++, Taken{oldest.key(), std::move(oldest.mapped())});
    return Step::kWrite;
  }
  if (finishing_ && Outstanding() == 0) {
    stream_.half_closed = true;
    return Step::kHalfClose;
  }
  return Step::kWait;
}

absl::Time CluePipeline::NextWake() const {
  absl::Time wake = absl::InfiniteFuture();
  if (stream_.cancelled || stream_.done) return wake;
  if (!sent_.empty()) wake = std::min(wake, last_heard_ + options_.answer_timeout);
  if (Outstanding() > 0) wake = std::min(wake, last_settled_ + options_.patience);
  if (!waiting_.empty() && pause_until_ > SteadyNow()) wake = std::min(wake, pause_until_);
  return wake;
}

void CluePipeline::WaitUntil(absl::Time time) {
  if (time == absl::InfiniteFuture()) {
    changed_.Wait(&mutex_);
    return;
  }
  const absl::Duration left = time - SteadyNow();
  if (left > absl::ZeroDuration()) changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(left));
}

bool CluePipeline::Heard(bool ok, v1::StreamCluesResponse& response) {
  base::MutexLock lock(&mutex_);
  if (ok) {
    Settle(response);
  } else {
    stream_.broken = true;
  }
  changed_.SignalAll();
  return ok;
}

void CluePipeline::Written(bool ok) {
  base::MutexLock lock(&mutex_);
  stream_.write_in_flight = false;
  if (!ok) stream_.broken = true;
  changed_.SignalAll();
}

void CluePipeline::Done(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  stream_.done = true;
  stream_.status = status;
  changed_.SignalAll();
}

void CluePipeline::Settle(v1::StreamCluesResponse& response) {
  const absl::Time now = SteadyNow();
  last_heard_ = now;
  in_vain_ = 0;
  auto node = sent_.extract(response.index());
  if (node.empty()) return;  // told already
  Taken taken = std::move(node.mapped());
  if (response.has_receipt()) {
    answers_.push_back({std::move(taken.clue), std::move(*response.mutable_receipt())});
  } else {
    const absl::Status status = ToAbslStatus(response.error());
    const Error error = ErrorOf(status);
    if (IsTransient(error)) {
      // Many are refused at once: the first of them sets the pause for all.
      if (now >= pause_until_) pause_until_ = now + DelayAfter(error, backoff_);
      last_trouble_ = status;
      ++resent_;
      waiting_.emplace(taken.order, std::move(taken.clue));
      return;
    }
    answers_.push_back(
        {std::move(taken.clue),
         status.ok() ? absl::InternalError("The answer has neither receipt nor error.") : status});
  }
  last_settled_ = now;
  last_trouble_ = absl::OkStatus();
  backoff_.Reset();
}

bool CluePipeline::PrepareNext(const absl::Status& status) {
  absl::Status end;
  absl::Duration delay;
  {
    base::MutexLock lock(&mutex_);
    const Error error = ErrorOf(status);
    const bool in_vain = !sent_.empty() && !status.ok() && error.reason.empty();
    in_vain_ = in_vain ? in_vain_ + 1 : 0;
    resent_ += static_cast<int64_t>(sent_.size());
    for (auto& [index, taken] : sent_) waiting_.emplace(taken.order, std::move(taken.clue));
    sent_.clear();
    if (waiting_.empty() || abandoned_) return true;  // however the stream ended
    const bool given_up = options_.streams_in_vain > 0 && in_vain_ >= options_.streams_in_vain;
    if (given_up || (!status.ok() && !IsTransientForStream(error))) {
      end = status;
    } else if (SteadyNow() - last_settled_ >= options_.patience) {
      end = !last_trouble_.ok() ? last_trouble_
            : status.ok()       ? absl::UnavailableError("The service ends every stream at once.")
                                : status;
    } else {
      if (!status.ok()) last_trouble_ = status;
      delay = status.ok() ? backoff_.Next() : DelayAfter(error, backoff_);
    }
  }
  if (!end.ok()) {
    End(end);
    return false;
  }
  if (options_.on_break) options_.on_break(status, delay);
  const absl::Time next = SteadyNow() + delay;
  base::MutexLock lock(&mutex_);
  while (!abandoned_ && SteadyNow() < next) WaitUntil(next);
  return true;
}

void CluePipeline::TellAnswers() {
  std::vector<Answer> told;
  {
    base::MutexLock lock(&mutex_);
    told.assign(std::make_move_iterator(answers_.begin()), std::make_move_iterator(answers_.end()));
    // They stay outstanding, emptied, until they are told of.
  }
  for (const Answer& answer : told) {
    if (answer.unanswered && options_.on_unanswered) {
      options_.on_unanswered(answer.clue, answer.outcome.status());
    } else {
      on_answer_(answer.clue, answer.outcome);
    }
  }
  base::MutexLock lock(&mutex_);
  answers_.erase(answers_.begin(), answers_.begin() + static_cast<ptrdiff_t>(told.size()));
  changed_.SignalAll();
}

void CluePipeline::End(const absl::Status& status) {
  {
    base::MutexLock lock(&mutex_);
    ended_ = true;
    end_ = status;
    for (auto& [order, clue] : waiting_) answers_.push_back({std::move(clue), status, true});
    waiting_.clear();
    changed_.SignalAll();
  }
  TellAnswers();
}

}  // namespace supervision::client
