#pragma once

#include <cstdint>

namespace supervision::bench {

// How often this process has taken memory by operator new. What links it counts; slow by one
// relaxed addition.
uint64_t Allocations();

}  // namespace supervision::bench
