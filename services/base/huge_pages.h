#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace supervision::base {

// Memory for a table that is read at random: where it is large enough, the kernel is asked for huge
// pages, so that its addresses need few entries of the processor's own tables. Small ones are
// allocated as ever.
void* AllocateHuge(size_t bytes);
void FreeHuge(void* memory, size_t bytes);

template <typename T>
struct HugeAllocator {
  using value_type = T;
  HugeAllocator() = default;
  template <typename U>
  explicit HugeAllocator(const HugeAllocator<U>&) {}
  T* allocate(size_t count) { return static_cast<T*>(AllocateHuge(count * sizeof(T))); }
  void deallocate(T* memory, size_t count) { FreeHuge(memory, count * sizeof(T)); }
  bool operator==(const HugeAllocator&) const { return true; }
};

template <typename T>
using HugeVector = std::vector<T, HugeAllocator<T>>;

}  // namespace supervision::base
