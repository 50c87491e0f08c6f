#include "services/classification/model/lanes.h"

#include <algorithm>
#include <cstring>

namespace supervision::classification {
namespace {

// Compilers for any machine know these vectors.
using Bytes = int8_t __attribute__((vector_size(16)));
using Shorts = int16_t __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
using Floats = float __attribute__((vector_size(16)));
constexpr size_t kFloats = 4;

Bytes LoadBytes(const int8_t* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes;
}

Bytes LowBytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
Bytes HighBytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
Shorts LowShorts(Shorts a, Shorts b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
Shorts HighShorts(Shorts a, Shorts b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// Each byte is brought to the top of an integer and shifted down again, which spreads its sign.
Floats ToFloats(Shorts doubled) {
  return __builtin_convertvector(reinterpret_cast<Ints>(doubled) >> 24, Floats);
}
struct Lane {  // sixteen numbers
  Floats a, b, c, d;
};
Lane Widen(Bytes bytes) {
  const auto low = reinterpret_cast<Shorts>(LowBytes(bytes, bytes));
  const auto high = reinterpret_cast<Shorts>(HighBytes(bytes, bytes));
  return {ToFloats(LowShorts(low, low)), ToFloats(HighShorts(low, low)),
          ToFloats(LowShorts(high, high)), ToFloats(HighShorts(high, high))};
}

void SumRows(const int8_t* const* rows, const float* factors, size_t count, size_t width,
             float* sums) {
  for (size_t lane = 0; lane < width; lane += Lanes::kWidth) {
    Lane sum = {};
    for (size_t i = 0; i < count; ++i) {
      const Lane weights = Widen(LoadBytes(rows[i] + lane));
      const float factor = factors[i];
      sum.a += factor * weights.a;
      sum.b += factor * weights.b;
      sum.c += factor * weights.c;
      sum.d += factor * weights.d;
    }
    std::memcpy(sums + lane, &sum, sizeof(sum));
  }
}

// Four rows at a time, turned so that a vector holds one weight of each.
void SumEach(const int8_t* const* rows, size_t count, const float* factors, size_t width,
             float* sums) {
  for (size_t i = 0; i < count; i += kFloats) {
    const auto row = [&](size_t k) { return rows[std::min(i + k, count - 1)]; };
    Floats sum = {};
    for (size_t lane = 0; lane < width; lane += Lanes::kWidth) {
      const Bytes a = LoadBytes(row(0) + lane);
      const Bytes b = LoadBytes(row(1) + lane);
      const Bytes c = LoadBytes(row(2) + lane);
      const Bytes d = LoadBytes(row(3) + lane);
      const auto add = [&](Shorts margins, const float* by) {  // four weights, each of four rows
        const Lane weights = Widen(reinterpret_cast<Bytes>(margins));
        sum += by[0] * weights.a;
        sum += by[1] * weights.b;
        sum += by[2] * weights.c;
        sum += by[3] * weights.d;
      };
      const float* const by = factors + lane;
      const auto low_ab = reinterpret_cast<Shorts>(LowBytes(a, b));
      const auto low_cd = reinterpret_cast<Shorts>(LowBytes(c, d));
      const auto high_ab = reinterpret_cast<Shorts>(HighBytes(a, b));
      const auto high_cd = reinterpret_cast<Shorts>(HighBytes(c, d));
      add(LowShorts(low_ab, low_cd), by);
      add(HighShorts(low_ab, low_cd), by + kFloats);
      add(LowShorts(high_ab, high_cd), by + 2 * kFloats);
      add(HighShorts(high_ab, high_cd), by + 3 * kFloats);
    }
    std::memcpy(sums + i, &sum, std::min(kFloats, count - i) * sizeof(float));
  }
}

}  // namespace

void DivideTwice(const uint32_t* first, const uint32_t* second, size_t count, float* values) {
  const auto load = [](const uint32_t* from) {
    Ints ints;
    std::memcpy(&ints, from, sizeof(ints));
    return __builtin_convertvector(ints, Floats);
  };
  size_t i = 0;
  for (; i + kFloats <= count; i += kFloats) {
    Floats four;
    std::memcpy(&four, values + i, sizeof(four));
    four = four / load(first + i) / load(second + i);
    std::memcpy(values + i, &four, sizeof(four));
  }
  for (; i < count; ++i) {
    values[i] = values[i] / static_cast<float>(first[i]) / static_cast<float>(second[i]);
  }
}

const Lanes kPlainLanes = {SumRows, SumEach};

const Lanes& BestLanes() {
#if defined(__x86_64__)
  if (kWideLanes != nullptr && __builtin_cpu_supports("avx2") != 0) return *kWideLanes;
#endif
  return kPlainLanes;
}

}  // namespace supervision::classification
