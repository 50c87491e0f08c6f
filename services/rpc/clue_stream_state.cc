#include "services/rpc/clue_stream_state.h"

#include <utility>

namespace supervision::rpc {

std::optional<absl::Status> ClueStreamState::End() const {
  if (writing_ || performing_ > 0) return std::nullopt;
  if (broken_) return absl::CancelledError();
  if (open_ > 0) return std::nullopt;
  if (no_more_messages_) return absl::OkStatus();
  return draining_;
}

ClueStreamState::Step ClueStreamState::Next() {
  Step step;
  if (ended_) return step;
  if (std::optional<absl::Status> end = End()) {
    ended_ = true;
    answers_.clear();
    step.finish = std::move(end);
    return step;
  }
  if (broken_) return step;
  if (!reading_ && !no_more_messages_ && !draining_.has_value() && open_ < window_) {
    reading_ = true;
    step.read = true;
  }
  if (!writing_ && !answers_.empty()) {
    writing_ = true;
    step.write = std::move(answers_.front());
    answers_.pop_front();
  }
  if (!step.empty()) ++performing_;
  return step;
}

ClueStreamState::Step ClueStreamState::OnStart() {
  base::MutexLock lock(&mutex_);
  return Next();
}

ClueStreamState::Step ClueStreamState::Refuse(absl::Status status) {
  base::MutexLock lock(&mutex_);
  ended_ = true;
  Step step;
  step.finish = std::move(status);
  return step;
}

std::optional<uint64_t> ClueStreamState::OnMessage() {
  base::MutexLock lock(&mutex_);
  if (ended_) return std::nullopt;
  ++open_;
  return messages_++;
}

ClueStreamState::Step ClueStreamState::OnMessageTaken() {
  base::MutexLock lock(&mutex_);
  reading_ = false;
  return Next();
}

ClueStreamState::Step ClueStreamState::OnNoMoreMessages() {
  base::MutexLock lock(&mutex_);
  reading_ = false;
  no_more_messages_ = true;
  return Next();
}

ClueStreamState::Step ClueStreamState::OnAnswer(std::string answer) {
  base::MutexLock lock(&mutex_);
  if (ended_ || broken_) return {};
  answers_.push_back(std::move(answer));
  return Next();
}

ClueStreamState::Step ClueStreamState::OnWritten(bool ok) {
  base::MutexLock lock(&mutex_);
  writing_ = false;
  --open_;
  if (!ok) broken_ = true;
  return Next();
}

ClueStreamState::Step ClueStreamState::OnCancelled() {
  base::MutexLock lock(&mutex_);
  broken_ = true;
  return Next();
}

ClueStreamState::Step ClueStreamState::Drain(absl::Status status) {
  base::MutexLock lock(&mutex_);
  if (!draining_.has_value()) draining_ = std::move(status);
  return Next();
}

ClueStreamState::Step ClueStreamState::Performed() {
  base::MutexLock lock(&mutex_);
  --performing_;
  return Next();
}

}  // namespace supervision::rpc
