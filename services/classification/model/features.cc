#include "services/classification/model/features.h"

namespace supervision::classification {
namespace {

constexpr FeatureKey kSignalBit = FeatureKey{1} << 63;
constexpr FeatureKey kRuleBit = FeatureKey{1} << 62;
constexpr FeatureKey kZoneFactor = 0x9E3779B97F4A7C15;

}  // namespace

FeatureKey SignalKey(SignalKind kind, std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  hash ^= hash >> 29;
  return kSignalBit | (kind == SignalKind::kRule ? kRuleBit : 0) | (hash & (kRuleBit - 1));
}

FeatureKey ZoneKey(Zone zone, FeatureKey gram) {
  FeatureKey hash = (gram ^ static_cast<FeatureKey>(zone) << 60) * kZoneFactor;
  hash ^= hash >> 29;
  return kSignalBit | (hash & (kRuleBit - 1));
}

bool IsSignal(FeatureKey key) { return (key & kSignalBit) != 0; }

SignalKind KindOf(FeatureKey key) {
  return (key & kRuleBit) != 0 ? SignalKind::kRule : SignalKind::kCue;
}

}  // namespace supervision::classification
