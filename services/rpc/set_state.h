#pragma once

#include "services/classification/set_state.h"
#include "supervision/v1/admin_service.pb.h"

namespace supervision::rpc {

v1::RuleSetStatus ToProto(const classification::SetState& state);

}  // namespace supervision::rpc
