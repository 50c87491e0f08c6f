#pragma once

#include <malloc.h>

#include <cstddef>

namespace supervision::testing {

// Whether this is a build with a sanitizer, which is slower and has a heap of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// Bytes of the heap that are in use; always 0 where kSanitized.
inline size_t HeapBytes() { return kSanitized ? 0 : mallinfo2().uordblks; }

}  // namespace supervision::testing
