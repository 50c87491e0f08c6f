// ReviewService.ReclassifyClue: a stored text sorted anew by the set in force.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/domain/error.h"
#include "services/domain/standing.h"
#include "services/ledger/deadline.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/review_service.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/turns.h"

namespace supervision::rpc {
namespace {

using domain::Reason;

// The same for one version of a clue under one set, so that repeating changes nothing. An etag
// names a clue's version.
std::string RequestIdOf(const std::string& etag, const std::string& rules_version) {
  const base::Sha256Digest digest = base::Sha256(etag + "\n" + rules_version);
  return absl::StrCat("reclassify.", base::HexEncode(base::Prefix(digest, 16)));
}

absl::Status RulesChanged(std::string_view in_force) {
  domain::ErrorDetail detail;
  detail.reason = Reason::kRulesChanged;
  detail.metadata.emplace_back("rules_version", in_force);
  return domain::MakeError(std::move(detail));
}

// One call, once its request is valid: reads the clue, sorts its text on one of gRPC's threads (a
// long one would hold up the Redis loop), and has the ledger correct it where the verdict differs.
class Reclassification : public std::enable_shared_from_this<Reclassification> {
 public:
  Reclassification(Caller caller, v1::ReclassifyClueRequest request,
                   std::shared_ptr<const classification::Classifier> classifier,
                   ledger::Ledger* ledger, UnaryCall* call)
      : caller_(std::move(caller)),
        request_(std::move(request)),
        classifier_(std::move(classifier)),
        ledger_(ledger),
        call_(call),
        deadline_(caller_.timeout) {}

  void Read() {
    ledger_->GetClue(request_.clue_id(), caller_.scope, deadline_.left(),
                     [self = shared_from_this()](absl::StatusOr<ledger::ClueRecord> record) {
                       OnGrpcThread([self, record = std::move(record)] { self->Sort(record); });
                     });
  }

 private:
  void Sort(const absl::StatusOr<ledger::ClueRecord>& record) {
    if (!record.ok() && !domain::HasReason(record.status(), Reason::kClueNotFound)) {
      return call_->Fail(record.status());
    }
    // What is no longer as the caller saw it, or no longer seen by it, may be so through an earlier
    // call of which the answer was lost: the ledger knows, and else says what is in the way.
    if (!record.ok() || record->etag != request_.etag() ||
        record->clue.state != domain::ClueState::kActive) {
      return Correct(domain::Verdict());
    }
    const domain::Clue& clue = record->clue;
    if (domain::CorrectedByPerson(clue)) {
      return call_->Fail(domain::MakeError(Reason::kCorrectedByPerson));
    }
    if (ShownTo(caller_.scope, clue.content.confidentiality) != domain::Projection::kFull) {
      return call_->Fail(domain::MakeError(Reason::kTextWithheld));
    }
    domain::Verdict verdict =
        classifier_->Classify({clue.content.title, clue.content.content, &clue.content.instruments,
                               clue.content.persons_affected});
    if (domain::DifferenceOf(domain::Standing(clue), verdict).any()) {
      return Correct(std::move(verdict));
    }
    v1::ReclassifyClueResponse answer;
    *answer.mutable_verdict() = ToProto(verdict);
    call_->Answer(answer);
  }

  void Correct(domain::Verdict verdict) {
    ledger::CorrectionRequest correction;
    correction.by = domain::CorrectedBy::kSystem;
    correction.author = domain::kSystemAuthor;
    correction.scope = caller_.scope;
    correction.request_id = RequestIdOf(request_.etag(), request_.rules_version());
    correction.clue_id = request_.clue_id();
    correction.etag = request_.etag();
    correction.reason = absl::StrCat("按规则 ", request_.rules_version(), " 重新研判（发起人：",
                                     caller_.principal->id, "）");
    correction.verdict = std::move(verdict);
    correction.verdict.rules_version = request_.rules_version();
    ledger_->Correct(std::move(correction), deadline_.left(),
                     [self = shared_from_this()](const absl::StatusOr<ledger::Receipt>& receipt) {
                       if (!receipt.ok()) return self->call_->Fail(receipt.status());
                       v1::ReclassifyClueResponse answer;
                       *answer.mutable_verdict() = ToProto(receipt->verdict);
                       ToProto(*receipt, answer.mutable_receipt());
                       self->call_->Answer(answer);
                     });
  }

  const Caller caller_;
  const v1::ReclassifyClueRequest request_;
  const std::shared_ptr<const classification::Classifier> classifier_;
  ledger::Ledger* const ledger_;
  UnaryCall* const call_;
  const ledger::Deadline deadline_;
};

}  // namespace

grpc::ServerUnaryReactor* ReviewService::ReclassifyClue(Context* context, const Bytes* bytes,
                                                        Bytes* response) {
  auto* const call = new UnaryCall(edge_, security::Method::kReclassifyClue, context, response);
  std::optional<Caller> caller = call->Enter();
  v1::ReclassifyClueRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKey(request.clue_id(), "clue_id", &violations);
  ValidateKey(request.etag(), "etag", &violations);
  if (request.rules_version().empty()) {
    violations.push_back({"rules_version", "is missing; write that of the verdict that you saw",
                          "缺失；请填写您所见研判结果的规则版本"});
  }
  if (!call->Accept(std::move(violations))) return call;
  std::shared_ptr<const classification::Classifier> classifier = classifiers_->Get();
  if (classifier->rules_version() != request.rules_version()) {
    call->Fail(RulesChanged(classifier->rules_version()));
    return call;
  }
  std::make_shared<Reclassification>(*std::move(caller), std::move(request), std::move(classifier),
                                     ledger_, call)
      ->Read();
  return call;
}

}  // namespace supervision::rpc
