#include "services/server/route_keeper.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unreadable.h"

namespace supervision::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Replace;

class RouteKeeperTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { Replace(file_, "version: \"1\"\n" + text); }
  // A changed file is read once it has rested from one look to the next.
  void LookTwice() {
    keeper_.Look();
    keeper_.Look();
  }
  double Rejected() const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name == "supervision_route_rejected") return family.metric.at(0).gauge.value;
    }
    return -1;
  }

  const testing::TempDir place_;
  const std::string file_ = place_.path() + "/routes.yaml";
  prometheus::Registry registry_;
  base::FakeClock clock_{absl::Now()};
  observability::Logger log_{observability::Logger::Format::kJson,
                             observability::Logger::Level::kInfo};
  RouteKeeper keeper_{{.routes = file_, .clock = &clock_, .log = &log_, .metrics = &registry_},
                      *config::LoadRoutes(file_, ""),
                      FileTimes({file_})};
};

TEST_F(RouteKeeperTest, RefusedRoutesAreShownUntilAFileIsTakenAgain) {
  EXPECT_EQ(Rejected(), 0);
  Write("routes: [{id: no-such, threshold: 3}]\n");
  LookTwice();
  EXPECT_EQ(Rejected(), 1);
  LookTwice();  // at the same file, which is no better
  EXPECT_EQ(Rejected(), 1);
  Write("routes: []\n");
  LookTwice();
  EXPECT_EQ(Rejected(), 0);
}

TEST_F(RouteKeeperTest, TheDigestOfWhatIsInForceIsShownAndNoOther) {
  const auto shown = [this] {
    std::vector<std::string> digests;
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name != "supervision_config_info") continue;
      for (const prometheus::ClientMetric& metric : family.metric) {
        for (const auto& label : metric.label) {
          if (label.name == "digest") digests.push_back(label.value);
        }
      }
    }
    return digests;
  };
  const std::vector<std::string> before = shown();
  ASSERT_EQ(before.size(), 1u);
  Write("routes: []\n");
  LookTwice();
  const std::vector<std::string> after = shown();
  ASSERT_EQ(after.size(), 1u);
  EXPECT_NE(after, before);
  Write("routes: no\n");
  LookTwice();
  EXPECT_EQ(shown(), after) << "what is refused is not in force";
}

TEST_F(RouteKeeperTest, RoutesThatCannotBeReadAreRefusedAndTakenWithinAMinuteOfTheTime) {
  Write(
      "routes: [{id: many, title_zh: 多, title_en: many, by: [UNIT], threshold: {at_least: 3, "
      "window: 1d}}]\n");
  LookTwice();
  ASSERT_EQ(keeper_.routes()->Get()->routes.size(), 1u);
  auto disk = std::make_unique<testing::Unreadable>("routes.yaml");
  Write("routes: []\n");
  LookTwice();
  EXPECT_EQ(Rejected(), 1);
  EXPECT_EQ(keeper_.routes()->Get()->routes.size(), 1u) << "a file that is there is not missing";
  disk.reset();
  LookTwice();
  EXPECT_EQ(Rejected(), 1) << "it is not asked each second";
  clock_.Advance(absl::Minutes(1));
  keeper_.Look();
  EXPECT_EQ(Rejected(), 0);
  EXPECT_EQ(keeper_.routes()->Get()->routes.size(), 0u);
}

TEST_F(RouteKeeperTest, AnotherTryThatComesToTheSameIsNeitherToldNorCounted) {
  ::testing::internal::CaptureStderr();
  Write("routes: no\n");
  LookTwice();
  for (int minute = 0; minute < 5; ++minute) {
    clock_.Advance(absl::Minutes(1));
    keeper_.Look();
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  const std::vector<std::string> lines = absl::StrSplit(said, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, ElementsAre(HasSubstr("routes_rejected"), HasSubstr("routes_mistake")));
  for (const prometheus::MetricFamily& family : registry_.Collect()) {
    if (family.name != "supervision_route_reloads_total") continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      EXPECT_EQ(metric.counter.value, metric.label.at(0).value == "rejected" ? 1 : 0);
    }
  }
}

}  // namespace
}  // namespace supervision::server
