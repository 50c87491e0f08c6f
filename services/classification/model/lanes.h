#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace supervision::classification {

// Sixteen weights at a time. Compilers for any machine know these vectors; we add in the same order
// with and without them, so a verdict does not depend on the machine.
constexpr size_t kLane = 16;  // a row of weights is padded to a multiple of it

using Bytes = int8_t __attribute__((vector_size(16)));
using Shorts = int16_t __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
using Floats = float __attribute__((vector_size(16)));
constexpr size_t kFloats = 4;

inline Bytes LoadBytes(const int8_t* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes;
}

inline Bytes LowBytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes HighBytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
inline Shorts LowShorts(Shorts a, Shorts b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline Shorts HighShorts(Shorts a, Shorts b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// Each byte is brought to the top of an integer and shifted down again, which spreads its sign.
inline Floats ToFloats(Shorts doubled) {
  return __builtin_convertvector(reinterpret_cast<Ints>(doubled) >> 24, Floats);
}
struct Lane {  // sixteen numbers
  Floats a, b, c, d;
};
inline Lane Widen(Bytes bytes) {
  const auto low = reinterpret_cast<Shorts>(LowBytes(bytes, bytes));
  const auto high = reinterpret_cast<Shorts>(HighBytes(bytes, bytes));
  return {ToFloats(LowShorts(low, low)), ToFloats(HighShorts(low, low)),
          ToFloats(LowShorts(high, high)), ToFloats(HighShorts(high, high))};
}

}  // namespace supervision::classification
