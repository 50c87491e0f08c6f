#include "services/rpc/stream_clues.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "services/base/utf8.h"
#include "services/rpc/bytes.h"
#include "services/rpc/clue_stream_state.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"
#include "services/rpc/status.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/wire_reader.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::rpc {

// Messages of one stream that may be unanswered; the API's comment names it.
constexpr size_t kWindow = 256;

// The name that the answer to `message` carries: its request_id, read without parsing the rest, so
// that who matches answers by it also knows which clue a quota or the limit of size refuses. Of a
// message beyond that limit only so much is looked at. What is longer than a request_id may be is
// left out: answers wait until the client reads them, in memory that nobody counts.
std::string NameOf(std::string_view message) {
  std::string_view name;
  WireReader reader(message.substr(0, UnaryCall::kMaxRequestBytes));
  while (reader.Next()) {
    if (reader.field().number == v1::StreamCluesRequest::kRequestIdFieldNumber) {
      name = reader.field().bytes;
    }
  }
  const bool fits = name.size() <= intake::kMaxRequestIdLength && base::IsUtf8(name);
  return fits ? std::string(name) : std::string();
}

// The reactor of one stream. It decides nothing: ClueStreamState does. Callbacks of intake hold the
// state, and touch the reactor only to carry out a step, during which the state keeps the call from
// ending.
class ClueStream final : public ClueStreams::Reactor {
 public:
  ClueStream(ClueStreams* streams, const Edge& edge, intake::Intake* intake, const IntakeDoor* door,
             grpc::CallbackServerContext* context)
      : streams_(streams),
        edge_(edge),
        intake_(intake),
        door_(door),
        context_(context),
        record_(edge, security::Method::kStreamClues) {}

  // The first step; false when the caller may not open a stream (the call is then finished).
  bool Start() {
    absl::StatusOr<Caller> caller = edge_.gate->Enter(*context_, security::Method::kStreamClues);
    if (!caller.ok()) {
      // Through the state: who is refused may cancel at the same time, and a call that is finished
      // twice ends the process.
      Perform(state_->Refuse(caller.status()));
      return false;
    }
    record_.Entered(*caller);
    caller_ = *std::move(caller);
    const auto end = [this, state = state_](absl::Status status) {
      PerformIfAny(this, state->Drain(std::move(status)));
    };
    entry_ = edge_.gate->streams().Add(security::Method::kStreamClues, caller_,
                                       {.end = end,
                                        .renew = [end] { end(Gate::RenewalError()); },
                                        .too_old = [end] { end(Gate::AgeError()); }});
    Perform(state_->OnStart());
    return true;
  }

  const std::shared_ptr<ClueStreamState>& state() const { return state_; }
  absl::Status DrainingError() const { return edge_.gate->DrainingError(); }

  // For callers that may come when the stream is gone: only a step that is not empty says that it
  // is still there, and keeps it there.
  static void PerformIfAny(ClueStream* stream, ClueStreamState::Step step) {
    if (!step.empty()) stream->Perform(std::move(step));
  }

  // Carries out `step` and what follows from it.
  void Perform(ClueStreamState::Step step) {
    while (!step.empty()) {
      if (step.finish.has_value()) return FinishWith(*step.finish);
      if (step.write.has_value()) {
        grpc::Slice slice(*step.write);
        outgoing_ = grpc::ByteBuffer(&slice, 1);
        StartWrite(&outgoing_);
      }
      if (step.read) StartRead(&incoming_);
      step = state_->Performed();
    }
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return Perform(state_->OnNoMoreMessages());
    // The streams are told of a revocation too, but this message may have come before that, or
    // while the last answers are on their way. It is left unread, as if it had come after the end.
    absl::Status may = edge_.gate->MaySend(caller_, security::Method::kStreamClues);
    if (!may.ok()) return Perform(state_->Drain(std::move(may)));
    if (const std::optional<uint64_t> index = state_->OnMessage()) Take(*index);
    Perform(state_->OnMessageTaken());
  }
  void OnWriteDone(bool ok) override { Perform(state_->OnWritten(ok)); }
  void OnCancel() override { Perform(state_->OnCancelled()); }
  void OnDone() override {
    streams_->Remove(this);
    delete this;
  }

  // What a message holds until it is answered.
  struct Room {
    std::shared_ptr<security::Quotas::Share> share;
    std::shared_ptr<intake::Intake::Ticket> ticket;
  };

  // Hands message number `index` to intake; whatever comes of it is its answer.
  void Take(uint64_t index) {
    grpc::Slice holder;
    const std::string_view bytes = Flatten(incoming_, &holder);
    v1::StreamCluesRequest message;
    intake::Intake::SubmitRequest submit;
    Room room;
    absl::Status taken = Admit(bytes, &message, &submit.violations, &room);
    if (taken.ok()) taken = MayBackfill(caller_, message.backfill());
    auto answer = AnswerTo(index, NameOf(bytes), std::move(room));
    if (!taken.ok()) return answer(taken);
    submit.request_id = std::move(*message.mutable_request_id());
    submit.partner = caller_.principal->partner;
    submit.backfill = message.backfill();
    submit.trace_parent = caller_.trace_parent;
    submit.content = FromProto(std::move(*message.mutable_clue()), "clue", &submit.violations);
    intake_->Submit(std::move(submit), caller_.timeout, std::move(answer));
  }

  absl::Status Admit(std::string_view bytes, v1::StreamCluesRequest* message,
                     Violations* violations, Room* room) {
    if (bytes.size() > UnaryCall::kMaxRequestBytes) {
      return MessageTooLarge(UnaryCall::kMaxRequestBytes);
    }
    if (absl::Status may = TakeQuota(bytes.size(), &room->share); !may.ok()) return may;
    absl::Status parsed = ParseRequest(bytes, "", message, violations);
    if (!parsed.ok()) return parsed;
    if (absl::Status open = door_->Check(); !open.ok()) return open;
    auto admitted = intake_->Admit(bytes.size());
    if (!admitted.ok()) return admitted.status();
    room->ticket = *std::move(admitted);
    return absl::OkStatus();
  }

  absl::Status TakeQuota(size_t bytes, std::shared_ptr<security::Quotas::Share>* share) {
    const absl::Time now = absl::Now();
    if (absl::Status spent = caller_.share->Spend(now); !spent.ok()) return spent;
    auto taken = caller_.share->Take(bytes, now);
    if (taken.ok()) *share = *std::move(taken);
    return taken.status();
  }

  intake::Intake::Callback AnswerTo(uint64_t index, std::string request_id, Room room) {
    return [this, state = state_, index, request_id = std::move(request_id),
            room = std::move(room)](const absl::StatusOr<ledger::Receipt>& receipt) {
      v1::StreamCluesResponse response;
      response.set_request_id(request_id);
      response.set_index(index);
      if (receipt.ok()) {
        ToProto(*receipt, response.mutable_receipt());
      } else {
        *response.mutable_error() = ToRpcStatus(receipt.status());
      }
      PerformIfAny(this, state->OnAnswer(response.SerializeAsString()));
    };
  }

  void FinishWith(const absl::Status& status) {
    grpc::Status result = ToGrpcStatus(status, context_);
    record_.Finished(result.error_code());
    Finish(std::move(result));
  }

  ClueStreams* const streams_;
  const Edge edge_;
  intake::Intake* const intake_;
  const IntakeDoor* const door_;
  grpc::CallbackServerContext* const context_;
  CallRecord record_;
  Caller caller_;
  OpenStreams::Entry entry_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  const std::shared_ptr<ClueStreamState> state_ = std::make_shared<ClueStreamState>(kWindow);
};

ClueStreams::Reactor* ClueStreams::Open(const Edge& edge, intake::Intake* intake,
                                        const IntakeDoor* door,
                                        grpc::CallbackServerContext* context) {
  auto* const stream = new ClueStream(this, edge, intake, door, context);
  if (stream->Start() && !Add(stream)) {
    stream->Perform(stream->state()->Drain(stream->DrainingError()));
  }
  return stream;
}

bool ClueStreams::Add(ClueStream* stream) {
  base::MutexLock lock(&mutex_);
  open_.emplace(stream, stream->state());
  return !draining_;
}

void ClueStreams::Remove(ClueStream* stream) {
  base::MutexLock lock(&mutex_);
  open_.erase(stream);
}

void ClueStreams::Drain(const absl::Status& status) {
  Streams streams;
  {
    base::MutexLock lock(&mutex_);
    draining_ = true;
    streams = open_;
  }
  for (const auto& [stream, state] : streams) {
    ClueStream::PerformIfAny(stream, state->Drain(status));
  }
}

}  // namespace supervision::rpc
