#include <array>

#include "services/intake/validation.h"

namespace supervision::intake {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr size_t kLength = 18;
constexpr int kModulus = 31;

// The value of each character; -1 for those that a code may not have.
constexpr std::array<int, 256> kValues = [] {
  std::array<int, 256> values{};
  for (int& value : values) value = -1;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int>(i);
  }
  return values;
}();
static_assert(kAlphabet.size() == kModulus);

}  // namespace

// The weight of the i-th character is 3^i modulo 31; the last makes the weighted sum divisible.
bool IsCreditCode(std::string_view code) {
  if (code.size() != kLength) return false;
  int sum = 0;
  int weight = 1;
  for (size_t i = 0; i < kLength; ++i) {
    const int value = kValues[static_cast<unsigned char>(code[i])];
    if (value < 0) return false;
    if (i + 1 == kLength) return value == (kModulus - sum % kModulus) % kModulus;
    sum += value * weight;
    weight = weight * 3 % kModulus;
  }
  return false;
}

}  // namespace supervision::intake
