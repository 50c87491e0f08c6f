#include "services/base/huge_pages.h"

#include <sys/mman.h>

namespace supervision::base {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr std::align_val_t kLine{64};

size_t RoundedUp(size_t bytes) { return (bytes + kHugePage - 1) / kHugePage * kHugePage; }

}  // namespace

void* AllocateHuge(size_t bytes) {
  if (bytes < kHugePage) return ::operator new(bytes, kLine);
  void* const memory = ::operator new (RoundedUp(bytes), std::align_val_t{kHugePage});
  madvise(memory, RoundedUp(bytes), MADV_HUGEPAGE);  // a wish: without it the pages are small
  return memory;
}

void FreeHuge(void* memory, size_t bytes) {
  ::operator delete (memory, bytes < kHugePage ? kLine : std::align_val_t{kHugePage});
}

}  // namespace supervision::base
