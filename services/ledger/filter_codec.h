#pragma once

#include <optional>

#include "services/domain/visibility.h"

namespace supervision::storage::v1 {
class StoredFilter;
}

namespace supervision::ledger {

// A filter as it lies in Redis, with whatever keeps one. Nothing for one that cannot be read.
storage::v1::StoredFilter StoredFilterOf(const domain::Filter& filter);
std::optional<domain::Filter> FilterOf(const storage::v1::StoredFilter& stored);

}  // namespace supervision::ledger
