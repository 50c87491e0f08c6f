#include "services/rpc/open_streams.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/hash.h"
#include "services/domain/error.h"

namespace supervision::rpc {
namespace {

using security::Method;
using security::PrincipalDirectory;
using security::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

security::Principal Monitor() {
  security::Principal principal;
  principal.id = "monitor";
  principal.roles.set(static_cast<size_t>(Role::kMonitor));
  return principal;
}

std::shared_ptr<const PrincipalDirectory> Directory(const security::Principal& principal) {
  const base::Sha256Digest digest = base::Sha256(
      "salt"
      "token");
  return PrincipalDirectory::Create(
      {{principal, {{"salt", base::Prefix(digest, digest.size())}}, {}}});
}

// One stream of a monitor, and what it was told.
class OpenStreamsTest : public ::testing::Test {
 protected:
  OpenStreamsTest() {
    caller_.principal = Directory(Monitor())->Authenticate("token");
    caller_.scope = security::ScopeOf(*caller_.principal);
    entry_ = streams_.Add(Method::kWatchAlerts, caller_, Tell());
  }
  OpenStreams::Ways Tell() {
    return {.end =
                [this](absl::Status status) {
                  told_.emplace_back(domain::Row(domain::DetailOf(status)->reason).name);
                },
            .renew = [this] { told_.emplace_back("renew"); }};
  }

  OpenStreams streams_{absl::Hours(1)};
  Caller caller_;
  std::vector<std::string> told_;
  OpenStreams::Entry entry_;
};

TEST_F(OpenStreamsTest, WhereNothingHasChangedNobodyIsTold) {
  streams_.Check(*Directory(Monitor()), kNow);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(OpenStreamsTest, APrincipalThatIsGoneEndsItsStreamOnce) {
  const auto nobody = PrincipalDirectory::Create({});
  streams_.Check(*nobody, kNow);
  streams_.Check(*nobody, kNow);
  EXPECT_THAT(told_, ElementsAre("UNAUTHENTICATED"));
}

TEST_F(OpenStreamsTest, ATokenThatRunsOutEndsItsStream) {
  security::Principal principal = Monitor();
  principal.expires_at = kNow;
  streams_.Check(*Directory(principal), kNow - absl::Seconds(1));
  EXPECT_THAT(told_, IsEmpty());
  streams_.Check(*Directory(principal), kNow);
  EXPECT_THAT(told_, ElementsAre("UNAUTHENTICATED"));
}

TEST_F(OpenStreamsTest, ARoleThatIsTakenEndsItsStream) {
  security::Principal principal = Monitor();
  principal.roles.reset().set(static_cast<size_t>(Role::kOperator));
  streams_.Check(*Directory(principal), kNow);
  EXPECT_THAT(told_, ElementsAre("PERMISSION_DENIED"));
}

TEST_F(OpenStreamsTest, AScopeThatChangesRenewsItsStream) {
  security::Principal principal = Monitor();
  principal.scope.regions = {"3304"};
  streams_.Check(*Directory(principal), kNow);
  EXPECT_THAT(told_, ElementsAre("renew"));
}

// The fixture's own sees to its age by itself.
TEST_F(OpenStreamsTest, AStreamOfTheGreatestAgeComesAgainGiveOrTakeATenth) {
  OpenStreams::Ways ways = Tell();
  ways.too_old = [this] { told_.emplace_back("too old"); };
  const OpenStreams::Entry entry = streams_.Add(Method::kWatchAlerts, caller_, std::move(ways));
  streams_.Check(*Directory(Monitor()), kNow);
  streams_.Check(*Directory(Monitor()), kNow + absl::Minutes(53));
  EXPECT_THAT(told_, IsEmpty());
  streams_.Check(*Directory(Monitor()), kNow + absl::Minutes(66));
  streams_.Check(*Directory(Monitor()), kNow + absl::Minutes(67));
  EXPECT_THAT(told_, ElementsAre("too old"));
}

TEST_F(OpenStreamsTest, WhereStreamsMayGetAnyAgeNoneIsTooOld) {
  OpenStreams streams(absl::ZeroDuration());
  OpenStreams::Ways ways = Tell();
  ways.too_old = [this] { told_.emplace_back("too old"); };
  const OpenStreams::Entry entry = streams.Add(Method::kWatchAlerts, caller_, std::move(ways));
  streams.Check(*Directory(Monitor()), kNow);
  streams.Check(*Directory(Monitor()), kNow + absl::Hours(1000));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(OpenStreamsTest, AStreamThatHasEndedIsNotTold) {
  entry_ = OpenStreams::Entry();
  streams_.Check(*PrincipalDirectory::Create({}), kNow);
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace supervision::rpc
