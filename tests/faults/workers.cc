#include "tests/faults/workers.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/clue_service.grpc.pb.h"

namespace supervision::faults {
namespace {

constexpr std::chrono::seconds kPatience{120};
constexpr std::chrono::seconds kCallDeadline{5};

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::string& who) {
  grpc::ChannelArguments arguments;
  arguments.SetString("faults.worker", who);  // a connection of its own for each worker
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// CANCELLED: what reaches a server in the moment that it shuts down is ended so by gRPC.
bool MayRepeat(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::CANCELLED ||
         status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

// Repeats until answered, stopped (`stopping` may be null) or refused; the clue's id or empty.
std::string SubmitUntilAnswered(v1::ClueService::Stub* stub, grpc::Channel* channel,
                                const std::string& record, const std::atomic<bool>* stopping) {
  const v1::SubmitClueRequest request = MakeRequest(record);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while ((stopping == nullptr || !*stopping) && std::chrono::steady_clock::now() < end) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer example-partner-token");
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    v1::SubmitClueResponse response;
    const grpc::Status status = stub->SubmitClue(&context, request, &response);
    if (status.ok()) return response.receipt().clue_id();
    if (!MayRepeat(status)) {
      // An answer that no partner expects: the run must fail, not go on quietly.
      std::fprintf(stderr, "submitter: %d %s\n", status.error_code(),
                   status.error_message().c_str());
      std::abort();
    }
    // Until the service is back, or for a moment where it answers that it cannot yet.
    channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  }
  return "";
}

}  // namespace

v1::SubmitClueRequest MakeRequest(const std::string& record) {
  v1::SubmitClueRequest request;
  request.set_request_id(absl::StrCat("request-", record));
  v1::ClueContent* const clue = request.mutable_clue();
  clue->set_source_record_id(record);
  clue->set_title("夜间强制拆除");
  clue->set_content(
      "县综合行政执法局未作行政处罚决定，也未告知陈述申辩和听证权利，夜间强制拆除了房屋。");
  clue->set_region_code("330424");
  return request;
}

void Tally::Count(bool succeeded, const std::string& error) {
  base::MutexLock lock(&mutex_);
  ++calls_;
  if (!succeeded) failures_.push_back(error);
}

int64_t Tally::calls() const {
  base::MutexLock lock(&mutex_);
  return calls_;
}

std::vector<std::string> Tally::failures() const {
  base::MutexLock lock(&mutex_);
  return failures_;
}

StrictSubmitter::StrictSubmitter(std::string name, Submit submit, std::string journal_path,
                                 Progress* acknowledged, Tally* tally)
    : name_(std::move(name)),
      submit_(std::move(submit)),
      journal_(journal_path),
      acknowledged_(acknowledged),
      tally_(tally),
      thread_([this] { Run(); }) {}

void StrictSubmitter::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void StrictSubmitter::Run() {
  for (int64_t i = 0; !stopping_; ++i) {
    const absl::StatusOr<std::string> id = submit_(absl::StrCat(name_, "-", i));
    tally_->Count(id.ok(), id.status().ToString());
    if (!id.ok()) continue;
    journal_.Write(*id);
    acknowledged_->Add();
  }
}

void Progress::Add() {
  base::MutexLock lock(&mutex_);
  ++count_;
  changed_.SignalAll();
}

int64_t Progress::count() const {
  base::MutexLock lock(&mutex_);
  return count_;
}

bool Progress::WaitFor(int64_t target) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  base::MutexLock lock(&mutex_);
  while (count_ < target) {
    if (std::chrono::steady_clock::now() > end) return false;
    changed_.WaitFor(&mutex_, std::chrono::seconds(1));
  }
  return true;
}

Submitter::Submitter(int number, std::string address, std::string journal_path,
                     Progress* acknowledged)
    : number_(number),
      address_(std::move(address)),
      journal_(journal_path),
      acknowledged_(acknowledged),
      thread_([this] { Run(); }) {}

void Submitter::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Submitter::Run() {
  const auto channel = Connect(address_, absl::StrCat("submitter-", number_));
  const auto stub = v1::ClueService::NewStub(channel);
  for (int64_t i = 0; !stopping_; ++i) {
    const std::string id =
        SubmitUntilAnswered(stub.get(), channel.get(), absl::StrCat(number_, "-", i), &stopping_);
    if (id.empty()) continue;
    journal_.Write(id);
    acknowledged_->Add();
  }
}

void Outages::Message() {
  const absl::Time now = absl::Now();
  if (broken_ != absl::InfiniteFuture()) all_.push_back({now - broken_, now - last_});
  broken_ = absl::InfiniteFuture();
  last_ = now;
}

// An attempt to go on that comes to nothing is of the same outage, and one to begin of none.
void Outages::Break() {
  if (last_ != absl::InfinitePast()) broken_ = std::min(broken_, absl::Now());
}

Monitor::Monitor(std::string address, From from, std::string journal_path, Progress* told)
    : address_(std::move(address)),
      from_(from),
      journal_(journal_path),
      told_(told),
      thread_([this] { Run(); }) {}

void Monitor::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

bool Monitor::WaitForClue(const std::string& clue_id) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  base::MutexLock lock(&mutex_);
  awaited_ = clue_id;
  awaited_seen_ = awaited_seen_ || last_clue_ == clue_id;
  while (!awaited_seen_ && error_.empty()) {
    if (std::chrono::steady_clock::now() > end) return false;
    changed_.WaitFor(&mutex_, std::chrono::seconds(1));
  }
  return awaited_seen_;
}

std::string Monitor::error() const {
  base::MutexLock lock(&mutex_);
  return error_;
}

void Monitor::Run() {
  const auto channel =
      Connect(address_, absl::StrCat("monitor-", reinterpret_cast<uintptr_t>(this)));
  const auto stub = v1::AlertService::NewStub(channel);
  std::string cursor;
  while (true) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer example-monitor-token");
    {
      base::MutexLock lock(&mutex_);
      if (stopping_) return;
      context_ = &context;
    }
    v1::WatchAlertsRequest request;
    if (!cursor.empty()) {
      request.set_cursor(cursor);
    } else {
      request.set_start_from(from_ == From::kEarliest ? v1::START_FROM_EARLIEST
                                                      : v1::START_FROM_LATEST);
    }
    const auto stream = stub->WatchAlerts(&context, request);
    v1::WatchAlertsResponse response;
    while (stream->Read(&response)) {
      outages_.Message();
      for (const v1::AlertUpdate& update : response.updates()) {
        const Told told{update.alert().clue_id(), update.alert().version()};
        journal_.Write(ToLine(told));
        told_->Add();
        base::MutexLock lock(&mutex_);
        last_clue_ = told.clue_id;
        if (!awaited_.empty() && awaited_ == told.clue_id) awaited_seen_ = true;
        changed_.SignalAll();
      }
      cursor = response.cursor();
    }
    const grpc::Status status = stream->Finish();
    outages_.Break();
    base::MutexLock lock(&mutex_);
    context_ = nullptr;
    if (stopping_) return;
    if (!status.ok() && !MayRepeat(status)) {
      error_ = absl::StrCat("code ", status.error_code(), ": ", status.error_message());
      changed_.SignalAll();
      return;
    }
    changed_.WaitFor(&mutex_, std::chrono::milliseconds(20));  // or until Stop
  }
}

std::string SubmitOne(const std::string& address, const std::string& record) {
  const auto channel = Connect(address, record);
  const auto stub = v1::ClueService::NewStub(channel);
  return SubmitUntilAnswered(stub.get(), channel.get(), record, nullptr);
}

}  // namespace supervision::faults
