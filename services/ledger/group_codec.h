#pragma once

#include <memory>

#include "services/domain/alert_group.h"
#include "supervision/storage/v1/group.pb.h"

namespace supervision::ledger {

// What a derived alert says of its clues, to and from what lies in Redis.
void PutGroup(const domain::AlertGroup& group, storage::v1::StoredGroup* stored);
// Null when it is damaged.
std::shared_ptr<const domain::AlertGroup> TakeGroup(const storage::v1::StoredGroup& stored);

}  // namespace supervision::ledger
