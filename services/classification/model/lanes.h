#pragma once

#include <cstddef>
#include <cstdint>

namespace supervision::classification {

// The sums over rows of weights of eight bits that most of a model's work goes into, many weights
// at a time. A processor that has wider registers uses them; all add in the same order, so a
// verdict does not depend on the machine.
struct Lanes {
  static constexpr size_t kWidth = 16;  // a row of weights is padded to a multiple of it

  // sums[m] = the sum of factors[i] * rows[i][m] over the rows in their order; m below `width`.
  void (*sum_rows)(const int8_t* const* rows, const float* factors, size_t count, size_t width,
                   float* sums);
  // sums[i] = the sum of factors[m] * rows[i][m] over m in order, m below `width`.
  void (*sum_each)(const int8_t* const* rows, size_t count, const float* factors, size_t width,
                   float* sums);
};

// values[i] = values[i] / first[i] / second[i]. What divides is below 2^31.
void DivideTwice(const uint32_t* first, const uint32_t* second, size_t count, float* values);

// For any processor.
extern const Lanes kPlainLanes;
// For those that have AVX2; null where it was not compiled for such.
extern const Lanes* const kWideLanes;

// The best for the processor at hand.
const Lanes& BestLanes();

}  // namespace supervision::classification
