#include "services/intake/intake.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <utility>

#include "services/base/mutex.h"
#include "services/intake/intake_metrics.h"
#include "services/intake/text_rules.h"

namespace supervision::intake {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Asking the processor's clock is a call into the kernel: one verdict in so many stands for all.
constexpr uint32_t kMetered = 16;

absl::Duration ThreadTime() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

absl::Duration Since(SteadyTime start) {
  return absl::FromChrono(std::chrono::steady_clock::now() - start);
}

// Adds what this side finds to what the edge found. Of a field that the edge could not read it has
// no value, so nothing more is said about it.
Violations Join(Violations edge, Violations found) {
  const size_t known = edge.size();
  for (domain::FieldViolation& violation : found) {
    bool told = false;
    for (size_t i = 0; i < known && !told; ++i) told = edge[i].field == violation.field;
    if (!told) edge.push_back(std::move(violation));
  }
  return edge;
}

void ValidateGiven(std::string_view value, std::string_view field, Violations* violations) {
  if (!value.empty()) return;
  violations->push_back({std::string(field),
                         "is missing; write what the answer or the reading of the clue gave",
                         "缺失；请填写受理回执或读取线索时给出的值"});
}

}  // namespace

class Intake::Core : public std::enable_shared_from_this<Core> {
 public:
  using Change = IntakeMetrics::Change;

  Core(ledger::Ledger* ledger, const classification::ClassifierSlot* classifiers,
       const RegionTable* regions, const base::Clock* clock, prometheus::Registry* metrics,
       Options options)
      : ledger_(ledger),
        classifiers_(classifiers),
        regions_(regions),
        clock_(clock),
        metrics_(metrics),
        options_(options) {}

  // One request larger than the whole limit is let in when nothing else is under way: it could
  // never be otherwise, and its size is bounded by the edge.
  absl::StatusOr<std::unique_ptr<Ticket>> Admit(size_t bytes, size_t clues) {
    base::MutexLock lock(&mutex_);
    const bool too_many = clues_ > 0 && clues_ + clues > options_.max_concurrent;
    const bool too_much = clues_ > 0 && bytes_ + bytes > options_.max_bytes;
    if (too_many || too_much) {
      metrics_.RefusedAdmission(/*for_bytes=*/!too_many);
      domain::ErrorDetail detail;
      detail.reason = domain::Reason::kOverloaded;
      detail.retry_after = options_.retry_delay;
      return domain::MakeError(std::move(detail));
    }
    clues_ += clues;
    bytes_ += bytes;
    metrics_.UnderWay(clues_, bytes_);
    return std::unique_ptr<Ticket>(new Ticket(shared_from_this(), bytes, clues));
  }

  void Leave(size_t bytes, size_t clues) {
    base::MutexLock lock(&mutex_);
    clues_ -= clues;
    bytes_ -= bytes;
    metrics_.UnderWay(clues_, bytes_);
  }

  void Submit(SubmitRequest request, absl::Duration timeout, Callback callback) {
    const SteadyTime start = std::chrono::steady_clock::now();
    Violations found;
    if (!request.validate_only || !request.request_id.empty()) {
      ValidateRequestId(request.request_id, request.path, &found);
    }
    ValidateContent(request.content, FieldPath(request.path, "clue"), *regions_, clock_->Now(),
                    &found);
    found = Join(std::move(request.violations), std::move(found));
    if (MayBeRepeat(request.content, found) && !request.validate_only) {
      return ledger_->Repeat(
          ledger::Submission{.partner = std::move(request.partner),
                             .request_id = std::move(request.request_id),
                             .content = std::move(request.content)},
          timeout, RepeatedOr(Change::kSubmit, start, std::move(found), std::move(callback)));
    }
    if (!found.empty()) return Refuse(Change::kSubmit, start, std::move(found), callback);
    domain::Verdict verdict = Classify(request.content);
    if (request.validate_only) {
      ledger::Receipt receipt;
      receipt.verdict = std::move(verdict);
      metrics_.Validated(Change::kSubmit, Since(start));
      return callback(std::move(receipt));
    }
    callback = Compared(request.content, verdict, std::move(callback));
    ledger_->Submit(
        {std::move(request.partner), std::move(request.request_id), std::move(request.content),
         std::move(verdict), request.backfill, std::move(request.trace_parent)},
        timeout, Measured(Change::kSubmit, start, std::move(callback)));
  }

  void Revise(ReviseRequest request, absl::Duration timeout, Callback callback) {
    const SteadyTime start = std::chrono::steady_clock::now();
    Violations found;
    ValidateRequestId(request.request_id, "", &found);
    ValidateGiven(request.clue_id, "clue_id", &found);
    ValidateGiven(request.etag, "etag", &found);
    ValidateContent(request.content, "clue", *regions_, clock_->Now(), &found);
    found = Join(std::move(request.violations), std::move(found));
    if (MayBeRepeat(request.content, found)) {
      return ledger_->Repeat(
          ledger::Revision{.partner = std::move(request.partner),
                           .request_id = std::move(request.request_id),
                           .clue_id = std::move(request.clue_id),
                           .content = std::move(request.content)},
          timeout, RepeatedOr(Change::kRevise, start, std::move(found), std::move(callback)));
    }
    if (!found.empty()) return Refuse(Change::kRevise, start, std::move(found), callback);
    domain::Verdict verdict = Classify(request.content);
    callback = Compared(request.content, verdict, std::move(callback));
    ledger_->Revise(
        {std::move(request.partner), std::move(request.request_id), std::move(request.clue_id),
         std::move(request.etag), std::move(request.content), std::move(verdict),
         std::move(request.trace_parent)},
        timeout, Measured(Change::kRevise, start, std::move(callback)));
  }

  void Withdraw(WithdrawRequest request, absl::Duration timeout, Callback callback) {
    const SteadyTime start = std::chrono::steady_clock::now();
    Violations found;
    ValidateRequestId(request.request_id, "", &found);
    ValidateGiven(request.clue_id, "clue_id", &found);
    ValidateGiven(request.etag, "etag", &found);
    ValidateWithdrawReason(request.reason, "", &found);
    found = Join(std::move(request.violations), std::move(found));
    if (!found.empty()) return Refuse(Change::kWithdraw, start, std::move(found), callback);
    ledger_->Withdraw(
        {std::move(request.partner), std::move(request.request_id), std::move(request.clue_id),
         std::move(request.etag), std::move(request.reason), std::move(request.trace_parent)},
        timeout, Measured(Change::kWithdraw, start, std::move(callback)));
  }

 private:
  void Refuse(Change change, SteadyTime start, Violations violations, const Callback& callback) {
    const absl::StatusOr<ledger::Receipt> refusal = ToStatus(std::move(violations));
    metrics_.Answered(change, refusal, Since(start));
    callback(refusal);
  }

  // Whether content that has these mistakes may have been accepted before: the table of regions is
  // the one measure of it that is exchanged. What has another mistake never was, and asks nothing
  // of the ledger.
  bool MayBeRepeat(const domain::ClueContent& content, const Violations& found) const {
    return found.size() == 1 && IsUnknownRegion(content.region_code, *regions_);
  }

  // What the ledger says of such content: the first answer, where there was one; else it has these
  // mistakes. While the ledger cannot tell, neither is said.
  Callback RepeatedOr(Change change, SteadyTime start, Violations violations, Callback callback) {
    return [self = shared_from_this(), change, start, violations = std::move(violations),
            callback = std::move(callback)](const absl::StatusOr<ledger::Receipt>& first) {
      for (const domain::Reason no_repeat :
           {domain::Reason::kClueNotFound, domain::Reason::kIdempotencyKeyReused,
            domain::Reason::kEtagMismatch}) {
        if (domain::HasReason(first.status(), no_repeat)) {
          return self->Refuse(change, start, violations, callback);
        }
      }
      self->metrics_.Answered(change, first, Since(start));
      callback(first);
    };
  }

  domain::Verdict Classify(const domain::ClueContent& content) {
    const SteadyTime start = std::chrono::steady_clock::now();
    const bool metered = sorted_.fetch_add(1, std::memory_order_relaxed) % kMetered == 0;
    const absl::Duration before = metered ? ThreadTime() : absl::ZeroDuration();
    domain::Verdict verdict = classifiers_->Get()->Classify(
        {content.title, content.content, &content.instruments, content.persons_affected});
    if (metered) metrics_.Metered(kMetered * (ThreadTime() - before));
    metrics_.Classified(Since(start));
    return verdict;
  }

  // Has the candidate set sort what is accepted for the first time, where there is one.
  Callback Compared(const domain::ClueContent& content, const domain::Verdict& verdict,
                    Callback callback) {
    Shadow* const shadow = options_.shadow;
    if (shadow == nullptr) return callback;
    std::shared_ptr<Shadow::Sample> sample = shadow->Take(content, verdict);
    if (sample == nullptr) return callback;
    return [shadow, sample = std::move(sample),
            callback = std::move(callback)](absl::StatusOr<ledger::Receipt> answer) mutable {
      if (answer.ok() && !answer->repeated) {
        sample->clue_id = answer->clue_id;
        sample->clue_version = answer->version;
        shadow->Offer(std::move(sample));
      }
      callback(std::move(answer));
    };
  }

  Callback Measured(Change change, SteadyTime start, Callback callback) {
    return [self = shared_from_this(), change, start,
            callback = std::move(callback)](absl::StatusOr<ledger::Receipt> answer) {
      self->metrics_.Answered(change, answer, Since(start));
      callback(std::move(answer));
    };
  }

  ledger::Ledger* const ledger_;
  const classification::ClassifierSlot* const classifiers_;
  const RegionTable* const regions_;
  const base::Clock* const clock_;
  IntakeMetrics metrics_;
  std::atomic<uint32_t> sorted_{0};
  const Options options_;
  base::Mutex mutex_;
  size_t clues_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

Intake::Ticket::Ticket(std::shared_ptr<Core> core, size_t bytes, size_t clues)
    : core_(std::move(core)), bytes_(bytes), clues_(clues) {}
Intake::Ticket::~Ticket() { core_->Leave(bytes_, clues_); }

Intake::Intake(ledger::Ledger* ledger, const classification::ClassifierSlot* classifiers,
               const RegionTable* regions, const base::Clock* clock, prometheus::Registry* metrics,
               Options options)
    : core_(std::make_shared<Core>(ledger, classifiers, regions, clock, metrics, options)) {}
Intake::~Intake() = default;

absl::StatusOr<std::unique_ptr<Intake::Ticket>> Intake::Admit(size_t bytes, size_t clues) {
  return core_->Admit(bytes, clues);
}
void Intake::Submit(SubmitRequest request, absl::Duration timeout, Callback callback) {
  core_->Submit(std::move(request), timeout, std::move(callback));
}
void Intake::Revise(ReviseRequest request, absl::Duration timeout, Callback callback) {
  core_->Revise(std::move(request), timeout, std::move(callback));
}
void Intake::Withdraw(WithdrawRequest request, absl::Duration timeout, Callback callback) {
  core_->Withdraw(std::move(request), timeout, std::move(callback));
}

}  // namespace supervision::intake
