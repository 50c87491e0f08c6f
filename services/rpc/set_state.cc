#include "services/rpc/set_state.h"

#include "services/rpc/convert_time.h"

namespace supervision::rpc {
namespace {

// The answer stays far below what a client takes, however wrong the files are.
constexpr size_t kMostMistakes = 200;

}  // namespace

v1::RuleSetStatus ToProto(const classification::SetState& state) {
  v1::RuleSetStatus proto;
  proto.set_loaded(state.loaded);
  proto.set_catalogue_version(state.catalogue_version);
  proto.set_rules_version(state.rules_version);
  proto.set_model_version(state.model_version);
  proto.set_digest(state.digest);
  if (state.loaded) *proto.mutable_loaded_at() = ToProto(state.loaded_at);
  proto.set_loads(static_cast<int64_t>(state.loads));
  proto.set_rejections(static_cast<int64_t>(state.rejections));
  for (const std::string& lapsed : state.lapsed) {
    if (proto.lapsed_size() == static_cast<int>(kMostMistakes)) break;
    proto.add_lapsed(lapsed);
  }
  if (state.last_result == classification::ReloadResult::kUnspecified) return proto;
  v1::ReloadAttempt* const attempt = proto.mutable_last_attempt();
  *attempt->mutable_at() = ToProto(state.last_attempt_at);
  attempt->set_trigger(static_cast<v1::ReloadTrigger>(state.last_trigger));
  attempt->set_result(static_cast<v1::ReloadResult>(state.last_result));
  *attempt->mutable_took() = ToProto(state.last_took);
  for (const std::string& mistake : state.mistakes) {
    if (attempt->mistakes_size() == static_cast<int>(kMostMistakes)) break;
    attempt->add_mistakes(mistake);
  }
  return proto;
}

}  // namespace supervision::rpc
