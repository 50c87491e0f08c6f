#include "services/classification/model/lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

// Each function is compiled for AVX2 by itself, nothing else is; without FMA, which would round
// otherwise than other processors do.
#define SUPERVISION_AVX2 __attribute__((target("avx2")))

namespace supervision::classification {
namespace {

constexpr size_t kRows = 8;

SUPERVISION_AVX2 inline __m128i Load(const int8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// The lower eight bytes.
SUPERVISION_AVX2 inline __m256 Widen(__m128i bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
}

SUPERVISION_AVX2 inline __m256 Add(__m256 sum, float factor, __m256 weights) {
  return _mm256_add_ps(sum, _mm256_mul_ps(_mm256_set1_ps(factor), weights));
}

SUPERVISION_AVX2 void SumRows(const int8_t* const* rows, const float* factors, size_t count,
                              size_t width, float* sums) {
  for (size_t lane = 0; lane < width; lane += Lanes::kWidth) {
    __m256 low = _mm256_setzero_ps();
    __m256 high = _mm256_setzero_ps();
    for (size_t i = 0; i < count; ++i) {
      const __m128i weights = Load(rows[i] + lane);
      low = Add(low, factors[i], Widen(weights));
      high = Add(high, factors[i], Widen(_mm_unpackhi_epi64(weights, weights)));
    }
    _mm256_storeu_ps(sums + lane, low);
    _mm256_storeu_ps(sums + lane + kRows, high);
  }
}

// Adds two weights of each of eight rows.
SUPERVISION_AVX2 inline __m256 AddTwo(__m256 sum, const float* factors, __m128i weights) {
  sum = Add(sum, factors[0], Widen(weights));
  return Add(sum, factors[1], Widen(_mm_unpackhi_epi64(weights, weights)));
}

// Adds eight weights of each of eight rows: of four rows and four, turned.
SUPERVISION_AVX2 inline __m256 AddEight(__m256 sum, const float* factors, __m128i abcd_low,
                                        __m128i abcd_high, __m128i efgh_low, __m128i efgh_high) {
  sum = AddTwo(sum, factors, _mm_unpacklo_epi32(abcd_low, efgh_low));
  sum = AddTwo(sum, factors + 2, _mm_unpackhi_epi32(abcd_low, efgh_low));
  sum = AddTwo(sum, factors + 4, _mm_unpacklo_epi32(abcd_high, efgh_high));
  return AddTwo(sum, factors + 6, _mm_unpackhi_epi32(abcd_high, efgh_high));
}

// Eight rows at a time, turned so that a vector holds one weight of each.
SUPERVISION_AVX2 void SumEach(const int8_t* const* rows, size_t count, const float* factors,
                              size_t width, float* sums) {
  for (size_t i = 0; i < count; i += kRows) {
    const int8_t* const* from = rows + i;
    const int8_t* last[kRows];  // with the last row again and again
    if (count - i < kRows) {
      for (size_t k = 0; k < kRows; ++k) last[k] = rows[i + k < count ? i + k : count - 1];
      from = last;
    }
    __m256 sum = _mm256_setzero_ps();
    for (size_t lane = 0; lane < width; lane += Lanes::kWidth) {
      const __m128i a = Load(from[0] + lane);
      const __m128i b = Load(from[1] + lane);
      const __m128i c = Load(from[2] + lane);
      const __m128i d = Load(from[3] + lane);
      const __m128i e = Load(from[4] + lane);
      const __m128i f = Load(from[5] + lane);
      const __m128i g = Load(from[6] + lane);
      const __m128i h = Load(from[7] + lane);
      const __m128i ab = _mm_unpacklo_epi8(a, b);
      const __m128i cd = _mm_unpacklo_epi8(c, d);
      const __m128i ef = _mm_unpacklo_epi8(e, f);
      const __m128i gh = _mm_unpacklo_epi8(g, h);
      sum = AddEight(sum, factors + lane, _mm_unpacklo_epi16(ab, cd), _mm_unpackhi_epi16(ab, cd),
                     _mm_unpacklo_epi16(ef, gh), _mm_unpackhi_epi16(ef, gh));
      const __m128i ab_high = _mm_unpackhi_epi8(a, b);
      const __m128i cd_high = _mm_unpackhi_epi8(c, d);
      const __m128i ef_high = _mm_unpackhi_epi8(e, f);
      const __m128i gh_high = _mm_unpackhi_epi8(g, h);
      sum = AddEight(sum, factors + lane + kRows, _mm_unpacklo_epi16(ab_high, cd_high),
                     _mm_unpackhi_epi16(ab_high, cd_high), _mm_unpacklo_epi16(ef_high, gh_high),
                     _mm_unpackhi_epi16(ef_high, gh_high));
    }
    float each[kRows];
    _mm256_storeu_ps(each, sum);
    std::memcpy(sums + i, each, (count - i < kRows ? count - i : kRows) * sizeof(float));
  }
}

constexpr Lanes kAvx2 = {SumRows, SumEach};

}  // namespace

const Lanes* const kWideLanes = &kAvx2;

}  // namespace supervision::classification

#else

namespace supervision::classification {

const Lanes* const kWideLanes = nullptr;

}  // namespace supervision::classification

#endif
