#include "services/rpc/classification_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/classification/catalogue.h"
#include "services/rpc/batch_classify.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {
namespace {

using security::Method;

// "行政处罚法 第63条".
std::string Citation(const classification::LegalBasis& basis) {
  if (basis.article.empty()) return basis.statute;
  return absl::StrCat(basis.statute, " 第", basis.article, "条");
}

v1::ScenarioInfo ToProto(const classification::ScenarioEntry& entry) {
  v1::ScenarioInfo proto;
  proto.set_scenario(static_cast<v1::Scenario>(entry.number));
  proto.set_code(entry.code);
  proto.set_name_zh(entry.name_zh);
  proto.set_name_en(entry.name_en);
  proto.set_description_zh(entry.description_zh);
  proto.set_description_en(entry.description_en);
  for (const std::string& subject : entry.owner_subjects) proto.add_owner_subjects(subject);
  for (const classification::LegalBasis& basis : entry.legal_basis) {
    proto.add_legal_basis(Citation(basis));
  }
  return proto;
}

}  // namespace

grpc::ServerUnaryReactor* ClassificationService::ClassifyText(Context* context, const Bytes* bytes,
                                                              Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kClassifyText, context, response);
  v1::ClassifyTextRequest request;
  intake::Violations violations;
  if (!call->Enter() || !call->Parse(*bytes, &request, &violations)) return call;
  const auto answer = SortText(*classifiers_->Get(), std::move(request), "", std::move(violations));
  if (answer.ok()) {
    call->Answer(*answer);
  } else {
    call->Fail(answer.status());
  }
  return call;
}

grpc::ServerUnaryReactor* ClassificationService::BatchClassifyTexts(Context* context,
                                                                    const Bytes* bytes,
                                                                    Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kBatchClassifyTexts, context, response);
  if (call->Enter()) ClassifyBatch(*bytes, classifiers_->Get(), intake_, call);
  return call;
}

grpc::ServerUnaryReactor* ClassificationService::ListScenarios(Context* context, const Bytes* bytes,
                                                               Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListScenarios, context, response);
  v1::ListScenariosRequest request;
  intake::Violations violations;
  if (!call->Enter() || !call->Parse(*bytes, &request, &violations)) return call;
  const std::shared_ptr<const classification::Classifier> classifier = classifiers_->Get();
  v1::ListScenariosResponse answer;
  for (const classification::ScenarioEntry& entry : classifier->catalogue().scenarios) {
    *answer.add_scenarios() = ToProto(entry);
  }
  answer.set_catalogue_version(classifier->catalogue().version);
  call->Answer(answer);
  return call;
}

}  // namespace supervision::rpc
