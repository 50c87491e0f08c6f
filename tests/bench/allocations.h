#pragma once

#include <cstdint>

namespace supervision::bench {

// How often this thread has taken memory by operator new, in programs that link this file.
uint64_t Allocations();

}  // namespace supervision::bench
