#include "clients/cli/top/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/top/number_text.h"

namespace supervision::cli {
namespace {

using ::testing::HasSubstr;

class PageTest : public ::testing::Test {
 protected:
  PageTest() {
    session_.options().server = "127.0.0.1:1";
    session_.options().language = Language::kEnglish;
    look_.at = absl::UnixEpoch();
    v1::GetStatusResponse& service = look_.service.emplace();
    service.set_version("1.2.3");
    service.set_ready(true);
    service.mutable_figures()->mutable_streams()->set_open(1234);
    v1::OwnerFigures& owner = *service.mutable_figures()->mutable_subscriptions()->add_owners();
    owner.set_owner("night-shift");
    owner.set_behind_entries(42);
    owner.mutable_oldest_unread()->set_seconds(185);
    v1::GetSubscriptionResponse& one = look_.subscriptions.emplace().emplace_back();
    one.mutable_subscription()->set_name("mine");
    one.mutable_lag()->set_alerts(7);
    one.mutable_lag()->set_more(true);
  }

  std::string Text() {
    std::string text;
    for (const Line& line : PageOf(session_, {look_, rates_, {}, {}})) {
      text += Drawn(line, 80, false) + "\n";
    }
    return text;
  }

  Session session_;
  Look look_;
  std::optional<Rates> rates_;
};

TEST_F(PageTest, ShowsTheServiceItsOwnersAndTheCallersSubscriptions) {
  rates_.emplace().accepted = 1204.4;
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("1,204 clues/s"));
  EXPECT_THAT(text, HasSubstr("1,234 open"));
  EXPECT_THAT(text, ::testing::ContainsRegex("night-shift +0 +0 +42 +3 min 5 s"));
  EXPECT_THAT(text, ::testing::ContainsRegex("mine +7\\+"));
}

TEST_F(PageTest, ShowsWhoSharesASubscriptionAndWhatCameOfIt) {
  EXPECT_THAT(Text(), ::testing::Not(HasSubstr("IN HAND"))) << "none is shared";
  v1::GetSubscriptionResponse& shared = look_.subscriptions->emplace_back();
  shared.mutable_subscription()->set_name("desk");
  shared.mutable_sharing()->set_consumers(3);
  shared.mutable_sharing()->set_handed_over(12);
  shared.mutable_sharing()->set_waiting(4);
  shared.mutable_sharing()->set_dead_letters(2);
  EXPECT_THAT(Text(), ::testing::ContainsRegex("desk +3 +12 +4 +2"));
}

TEST_F(PageTest, ARateThatIsNotKnownIsNoZero) { EXPECT_THAT(Text(), HasSubstr("- clues/s")); }

TEST_F(PageTest, IsChineseForWhoeverReadsChinese) {
  session_.options().language = Language::kChinese;
  EXPECT_THAT(Text(), HasSubstr("线索/秒"));
  EXPECT_THAT(Text(), HasSubstr("我的订阅"));
}

TEST_F(PageTest, SaysThatThereIsNoAnswer) {
  look_ = Look();
  look_.trouble = absl::UnavailableError("nobody listens");
  EXPECT_THAT(Text(), HasSubstr("no answer"));
  EXPECT_THAT(Text(), HasSubstr("nobody listens"));
}

TEST_F(PageTest, RowsAreAlignedUnderTheirHead) {
  EXPECT_EQ(WidthOf(RowHead(session_)), WidthOf(Row(session_, look_, rates_)));
  session_.options().language = Language::kChinese;
  EXPECT_EQ(WidthOf(RowHead(session_)), WidthOf(Row(session_, look_, rates_)));
}

TEST(DrawnTest, NoLineIsWiderThanTheTerminalAndStylesEndWithIt) {
  const Line line = {{"预警", Style::kBold}, {" 路由 alerts", Style::kRed}, {"more"}};
  for (size_t columns = 1; columns < 20; ++columns) {
    EXPECT_LE(WidthOf(Drawn(line, columns, false)), columns);
  }
  EXPECT_THAT(Drawn(line, 4, true), ::testing::EndsWith("\033[0m"));
}

TEST(BarsTest, AreTheNewestEachAsHighAsItsShare) {
  EXPECT_EQ(Bars({99, 0, 4, 8}, 3), "▁▅█");
  EXPECT_EQ(Bars({0, 0}, 8), "▁▁");
  EXPECT_EQ(Bars({}, 8), "");
}

TEST(NumberTextTest, IsShortAndSaysItsUnit) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(-1234567), "-1,234,567");
  EXPECT_EQ(RateText(0), "0");
  EXPECT_EQ(RateText(0.01), "<0.1");
  EXPECT_EQ(RateText(99.94), "99.9");
  EXPECT_EQ(RateText(1204.4), "1,204");
  EXPECT_EQ(BytesText(512), "512 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(LatencyText(std::nullopt), "-");
  EXPECT_EQ(LatencyText(0.00042), "0.4 ms");
  EXPECT_EQ(LatencyText(0.0123), "12 ms");
  EXPECT_EQ(LatencyText(2.5), "2.5 s");
  EXPECT_EQ(SpanText(absl::Seconds(59)), "59 s");
  EXPECT_EQ(SpanText(absl::Hours(25)), "1 d 1 h");
}

}  // namespace
}  // namespace supervision::cli
