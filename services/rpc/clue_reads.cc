// The methods of ClueService that read.
#include <utility>

#include "services/classification/classifier.h"
#include "services/ledger/deadline.h"
#include "services/rpc/clue_service.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/turns.h"

namespace supervision::rpc {
namespace {

using security::Method;

// Why the set in force sorts the clue as it does. What is explained quotes the text, so who is not
// shown the text is not shown the explanation.
void Explain(const domain::ClueContent& content, const domain::Scope& viewer,
             const classification::Classifier& classifier, v1::GetClueResponse* response) {
  if (ShownTo(viewer, content.confidentiality) != domain::Projection::kFull) return;
  classification::Input input{.title = content.title, .content = content.content};
  input.instruments = &content.instruments;
  input.persons_affected = content.persons_affected;
  domain::Explanation explanation;
  classifier.Classify(input, &explanation);
  *response->mutable_explanation() = ToProto(explanation);
}

void AddHistory(UnaryCall* call, const std::string& clue_id, const domain::Scope& scope,
                const ledger::Deadline& deadline, ledger::Ledger* ledger,
                v1::GetClueResponse response) {
  ledger->ReadHistory(clue_id, scope, deadline.left(),
                      [call, scope, response = std::move(response)](
                          const absl::StatusOr<ledger::History>& history) mutable {
                        if (!history.ok()) return call->Fail(history.status());
                        for (const ledger::PastVersion& version : history->versions) {
                          *response.add_history() =
                              ToProto(version, scope, ShownTo(scope, version.confidentiality));
                        }
                        call->Answer(response);
                      });
}

// Answers with the clue, with its explanation and its versions where they are asked for.
ledger::Ledger::Callback<ledger::ClueRecord> AnswerTo(UnaryCall* call, const Caller& caller,
                                                      const v1::GetClueRequest& request,
                                                      const ClueService::Parts& parts) {
  return [call, scope = caller.scope, deadline = ledger::Deadline(caller.timeout),
          with_history = request.with_history(), explain = request.explain(), ledger = parts.ledger,
          classifiers = parts.classifiers](absl::StatusOr<ledger::ClueRecord> record) {
    if (!record.ok()) return call->Fail(record.status());
    auto go_on = [=, record = *std::move(record)] {
      v1::GetClueResponse response;
      *response.mutable_clue() = ToProto(record, scope);
      if (explain) Explain(record.clue.content, scope, *classifiers->Get(), &response);
      if (!with_history) return call->Answer(response);
      AddHistory(call, record.clue.id, scope, deadline, ledger, std::move(response));
    };
    // Sorting a long text takes milliseconds, for which the Redis loop must not wait.
    explain ? OnGrpcThread(std::move(go_on)) : go_on();
  };
}

// What GetClue asks for; every mistake becomes a violation.
void ValidateKeys(const v1::GetClueRequest& request, const Caller& caller, Violations* violations) {
  switch (request.key_case()) {
    case v1::GetClueRequest::kClueId:
      return ValidateKey(request.clue_id(), "clue_id", violations);
    case v1::GetClueRequest::KEY_NOT_SET:
      violations->push_back({"clue_id", "is missing; write clue_id or identity",
                             "缺少线索标识；请提供 clue_id 或 identity"});
      return;
    case v1::GetClueRequest::kIdentity:
      break;
  }
  const v1::ClueIdentity& identity = request.identity();
  if (identity.partner().empty() && caller.principal->partner.empty()) {
    violations->push_back({"identity.partner", "is missing; name the partner, as you are none",
                           "缺少来源单位；您不是来源单位，请指明"});
  }
  if (!identity.source_record_id().empty()) {
    intake::ValidateSourceRecordId(identity.source_record_id(), "identity", violations);
  } else if (identity.has_request_id()) {
    ValidateKey(identity.request_id(), "identity.request_id", violations);
  } else {
    violations->push_back({"identity.source_record_id",
                           "is missing; write source_record_id or request_id",
                           "缺少来源标识；请提供 source_record_id 或 request_id"});
  }
}

}  // namespace

grpc::ServerUnaryReactor* ClueService::GetClue(Context* context, const Bytes* bytes,
                                               Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kGetClue, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::GetClueRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKeys(request, *caller, &violations);
  if (!call->Accept(std::move(violations))) return call;
  if (request.has_clue_id()) {
    parts_.ledger->GetClue(request.clue_id(), caller->scope, caller->timeout,
                           AnswerTo(call, *caller, request, parts_));
    return call;
  }
  const v1::ClueIdentity& identity = request.identity();
  parts_.ledger->FindClue(
      {.partner = identity.partner().empty() ? caller->principal->partner : identity.partner(),
       .source_record_id = identity.source_record_id(),
       .request_id = identity.request_id()},
      caller->scope, caller->timeout, AnswerTo(call, *caller, request, parts_));
  return call;
}

grpc::ServerUnaryReactor* ClueService::ListClues(Context* context, const Bytes* bytes,
                                                 Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListClues, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListCluesRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ledger::ListQuery query = FromProto(std::move(request), &violations);
  if (!call->Accept(std::move(violations))) return call;
  query.scope = caller->scope;
  parts_.ledger->List(std::move(query), caller->timeout,
                      [call, scope = caller->scope](absl::StatusOr<ledger::ListPage> page) {
                        if (!page.ok()) return call->Fail(page.status());
                        v1::ListCluesResponse answer;
                        for (const ledger::ClueSummary& clue : page->clues) {
                          *answer.add_clues() =
                              ToProto(clue, ShownTo(scope, clue.alert.facets.confidentiality));
                        }
                        answer.set_next_page_token(std::move(page->next_page_token));
                        call->Answer(answer);
                      });
  return call;
}

}  // namespace supervision::rpc
