#include "services/server/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "services/observability/log.h"
#include "services/redis/embedded.h"
#include "services/rpc/intake_door.h"

namespace supervision::server {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Phase = redis::EmbeddedState::Phase;

class ReadinessTest : public ::testing::Test {
 protected:
  rpc::IntakeDoor door_{absl::Milliseconds(500)};
  Readiness readiness_{&door_, observability::Logger::Null()};
};

TEST_F(ReadinessTest, TheEmbeddedRedisThatReadsItsDataIsTheReasonUntilItHas) {
  readiness_.OnEmbedded({.loaded_percent = 37});
  EXPECT_THAT(readiness_.not_ready_because(), ElementsAre(HasSubstr("37 %")));
  EXPECT_FALSE(readiness_.ready());
  readiness_.OnEmbedded({.phase = Phase::kRunning});
  EXPECT_THAT(readiness_.not_ready_because(), ElementsAre(HasSubstr("ledger is not open")));
}

TEST_F(ReadinessTest, AnEmbeddedRedisThatEndedIsQuoted) {
  readiness_.OnEmbedded({.phase = Phase::kWaitingToRestart, .last_error = "Bad file format"});
  EXPECT_THAT(readiness_.not_ready_because(), ElementsAre(HasSubstr("Bad file format")));
}

TEST_F(ReadinessTest, ADiskThatWasFullSaysHowMuchMustBeFreeBeforeItGoesOn) {
  readiness_.OnEmbedded({.phase = Phase::kRunning, .disk_full = true});
  EXPECT_TRUE(readiness_.disk_full());
  EXPECT_THAT(readiness_.not_ready_because(),
              Contains(AllOf(HasSubstr("had less room than redis.min_free_disk"),
                             HasSubstr("as soon as an eighth more than that is free"))));
  readiness_.OnEmbedded({.phase = Phase::kRunning});
  EXPECT_FALSE(readiness_.disk_full());
}

// The health service, as far as it has been told.
class ToldHealth : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& service, bool serving) override {
    told[service] = serving;
  }
  void SetServingStatus(bool) override {}
  std::map<std::string, bool> told;
};

// Clients of what answers without the ledger go elsewhere too before their calls are refused.
TEST_F(ReadinessTest, AReplicaThatDrainsBeforeItWasReadyServesNothingAnyMore) {
  const std::string sorting = "supervision.v1.ClassificationService";
  const std::string admin = "supervision.v1.AdminService";
  ToldHealth health;
  readiness_.Attach(&health);
  EXPECT_FALSE(health.told.at(""));
  EXPECT_TRUE(health.told.at(sorting));
  EXPECT_TRUE(health.told.at(admin));
  readiness_.Drain();
  EXPECT_FALSE(health.told.at(sorting));
  EXPECT_FALSE(health.told.at(admin));
  EXPECT_TRUE(health.told.at(kLiveness));
  readiness_.Detach();
}

}  // namespace
}  // namespace supervision::server
