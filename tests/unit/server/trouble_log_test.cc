#include "services/server/trouble_log.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TroubleLogTest : public ::testing::Test {
 protected:
  // What is logged when they are refused.
  std::string Said(const std::string& principal, const std::string& address, int times = 1) {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < times; ++i) {
      tell_({security::Method::kSubmitClue,
             principal.empty() ? grpc::StatusCode::UNAUTHENTICATED
                               : grpc::StatusCode::PERMISSION_DENIED,
             principal, address});
    }
    return ::testing::internal::GetCapturedStderr();
  }

  base::FakeClock clock_{absl::FromUnixSeconds(1'000'000)};
  observability::Logger log_{observability::Logger::Format::kText,
                             observability::Logger::Level::kInfo};
  const std::function<void(const rpc::Gate::Trouble&)> tell_ = LogTroubles(&clock_, &log_);
};

TEST_F(TroubleLogTest, APrincipalIsNamedOnceAMinuteWithHowManyMoreThereWere) {
  EXPECT_THAT(Said("a-partner", "", 5),
              AllOf(HasSubstr("call_refused principal=a-partner"), HasSubstr("SubmitClue"),
                    HasSubstr("code=PERMISSION_DENIED"), HasSubstr("more_before=0"),
                    Not(HasSubstr("more_before=1"))));
  EXPECT_THAT(Said("another", ""), HasSubstr("principal=another"));
  clock_.Advance(absl::Seconds(59));
  EXPECT_THAT(Said("a-partner", ""), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Said("a-partner", ""), HasSubstr("more_before=5"));
}

TEST_F(TroubleLogTest, OfSomebodyUnknownTheHostIsNamedAndItsPortsAreOne) {
  EXPECT_THAT(Said("", "192.0.2.1:4711"),
              AllOf(HasSubstr("address=192.0.2.1 "), HasSubstr("code=UNAUTHENTICATED")));
  EXPECT_THAT(Said("", "192.0.2.1:4712"), IsEmpty());
  EXPECT_THAT(Said("", "[2001:db8::1]:4711"), HasSubstr("address=[2001:db8::1] "));
  EXPECT_THAT(Said("", "unix"), HasSubstr("address=unix "));
}

TEST_F(TroubleLogTest, WhoTriesFromEverywhereFillsNeitherLogNorMemory) {
  for (int i = 0; i < 1000; ++i) Said("", absl::StrCat("192.0.2.1", i, ":1"));
  EXPECT_THAT(Said("", "198.51.100.1:1"), HasSubstr("address=others "));
  EXPECT_THAT(Said("", "198.51.100.2:1", 50), IsEmpty());
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(Said("", "198.51.100.3:1"), HasSubstr("address=198.51.100.3 "));
}

TEST_F(TroubleLogTest, CallsAtWhichTheServiceFailsAreNamedBesideThoseItRefuses) {
  Said("a-partner", "");
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    tell_({security::Method::kGetClue, grpc::StatusCode::INTERNAL, "a-partner", ""});
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("call_failed principal=a-partner"), HasSubstr("GetClue"),
                    HasSubstr("code=INTERNAL more_before=0\n")));
}

TEST_F(TroubleLogTest, AClockThatIsSetBackSilencesNobody) {
  Said("a-partner", "");
  clock_.Advance(-absl::Hours(24));
  EXPECT_THAT(Said("a-partner", ""), HasSubstr("principal=a-partner"));
}

}  // namespace
}  // namespace supervision::server
