#include "services/server/route_keeper.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace supervision::server {
namespace {

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
  RouteKeeper keeper_{
      {.routes = file_, .log = observability::Logger::Null(), .metrics = &registry_},
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

}  // namespace
}  // namespace supervision::server
