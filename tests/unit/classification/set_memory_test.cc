// What the shipped rules and model take while they serve, counted by glibc. Not built with
// sanitizers: they bring an allocator of their own.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

#include "services/classification/classifier.h"
#include "services/config/catalogue_config.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"

namespace supervision {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMost = 64 * kMiB;

size_t InUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::unique_ptr<classification::Classifier> Load() {
  const std::string config = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
  return classification::Classifier::Create(
             config::LoadCatalogue(config + "/catalogue.yaml").value(),
             config::LoadRules(config + "/rules", absl::CivilDay(2026, 6, 1)).value(),
             config::LoadModel(config + "/model/model.bin").value())
      .value();
}

TEST(SetMemoryTest, RulesAndModelStayBelow64MiB) {
  Load();  // what libraries keep for good is theirs, not the set's
  const size_t before = InUse();
  const auto set = Load();
  set->Classify({"反映罚款", "罚款五百元，没有收据。", nullptr, std::nullopt});
  const size_t taken = InUse() - before;
  RecordProperty("bytes", std::to_string(taken));
  EXPECT_GT(taken, kMiB);  // else something else was measured
  EXPECT_LT(taken, kMost);
  std::printf("a set takes %.1f MiB\n", static_cast<double>(taken) / kMiB);
}

}  // namespace
}  // namespace supervision
