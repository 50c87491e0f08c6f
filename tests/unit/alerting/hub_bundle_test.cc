// What streams of one view are told together, and what keeps views and persons apart there.

#include <memory>
#include <string>
#include <vector>

#include "services/alerting/bundle.h"
#include "tests/unit/alerting/hub_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

class HubBundleTest : public HubFixture {
 protected:
  // 100 alerts, in turn of risk HIGH and MEDIUM.
  void PublishMixed() {
    for (int i = 1; i <= 100; ++i) {
      log_.Append(0, NewAlert("a" + std::to_string(i),
                              i % 2 == 1 ? domain::Risk::kHigh : domain::Risk::kMedium));
    }
    scheduler_.RunUntilIdle();
  }
  static std::vector<std::string> Grave() {
    std::vector<std::string> expected;
    for (int i = 1; i <= 100; i += 2) expected.push_back("a" + std::to_string(i) + " 1 full");
    return expected;
  }
  static Hub::Request GraveOnly(Hub::Request request) {
    request.filter.min_risk = domain::Risk::kHigh;
    return request;
  }
  static Hub::Request As(std::string principal, Hub::Request request) {
    request.principal = std::move(principal);
    return request;
  }
  // 101 alerts, one of which a silence hides from `principal`.
  void PublishWithASilencedOne(const std::string& principal) {
    PublishMany("a", 1, 40);
    domain::ChangeEvent event = NewAlert("quiet");
    event.alert.facets.silences.push_back({"s1", {principal}});
    log_.Append(0, std::move(event));
    PublishMany("b", 1, 60);
  }
  void Read(TestStream* stream) {
    stream->Take();
    scheduler_.RunUntilIdle();
  }
};

TEST_F(HubBundleTest, StreamsThatAreBehindSendStretchesOfTheTailByReference) {
  StartHub();
  TestStream one, other;
  Open(&one, Latest());
  Open(&other, Latest());
  PublishMany("a", 1, 100);
  for (TestStream* const stream : {&one, &other}) {
    Read(stream);
    EXPECT_EQ(stream->updates(), Expected("a", 1, 100));
    // Three stretches of 32, four alerts and the cursor.
    ASSERT_EQ(stream->messages().back().pieces.size(), 8u);
  }
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one.messages().back().pieces[i], other.messages().back().pieces[i]);
  }
}

TEST_F(HubBundleTest, StreamsThatCatchUpSendAPageByReference) {
  PublishMany("a", 1, 256);
  StartHub(SmallTailLongMessages());
  TestStream one(TestStream::Eager), other(TestStream::Eager);
  Open(&one, Earliest());
  Open(&other, Earliest());
  EXPECT_EQ(one.updates(), Expected("a", 1, 256));
  EXPECT_EQ(other.updates(), Expected("a", 1, 256));
  EXPECT_EQ(one.messages().at(1).pieces.size(), 2u) << "a page and a cursor";
}

TEST_F(HubBundleTest, EachViewHasItsOwnOfTheTail) {
  StartHub();
  TestStream all, grave;
  Open(&all, Latest());
  Open(&grave, GraveOnly(Latest()));
  PublishMixed();
  Read(&all);
  Read(&grave);
  EXPECT_EQ(all.told(), 100u);
  EXPECT_EQ(grave.updates(), Grave());
}

TEST_F(HubBundleTest, EachViewHasItsOwnOfAPage) {
  PublishMixed();
  StartHub(SmallTailLongMessages());
  TestStream all(TestStream::Eager), grave(TestStream::Eager);
  log_.HoldReads(true);  // so that both are told of one page
  Open(&all, Earliest());
  Open(&grave, GraveOnly(Earliest()));
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
  EXPECT_EQ(all.told(), 100u);
  EXPECT_EQ(grave.updates(), Grave());
}

TEST_F(HubBundleTest, AViewThatIsNewIsNeverTakenForOneThatHasGone) {
  StartHub();
  auto all = std::make_unique<TestStream>();
  Open(all.get(), Latest());
  PublishMixed();
  Read(all.get());
  EXPECT_EQ(all->told(), 100u);
  TestStream stays(TestStream::Eager);  // so that what is kept is kept on
  Open(&stays, As("wang", Latest()));
  const std::string begin = all->messages().front().cursor;
  all.reset();
  TestStream grave(TestStream::Eager);
  Open(&grave, GraveOnly(Behind(begin)));
  EXPECT_EQ(grave.updates(), Grave());
}

TEST_F(HubBundleTest, WhatASilenceHidesFromOneIsToldToTheOtherFromTheTail) {
  StartHub();
  TestStream hidden, shown;
  Open(&hidden, As("wang", Latest()));
  Open(&shown, As("li", Latest()));
  PublishWithASilencedOne("wang");
  Read(&shown);
  Read(&hidden);
  EXPECT_EQ(shown.told(), 101u);
  EXPECT_EQ(hidden.told(), 100u);
  EXPECT_THAT(hidden.updates(), Each(Not(HasSubstr("quiet"))));
}

TEST_F(HubBundleTest, WhatASilenceHidesFromOneIsToldToTheOtherFromAPage) {
  PublishWithASilencedOne("wang");
  StartHub(SmallTailLongMessages());
  TestStream hidden(TestStream::Eager), shown(TestStream::Eager);
  log_.HoldReads(true);
  Open(&shown, As("li", Earliest()));
  Open(&hidden, As("wang", Earliest()));
  log_.HoldReads(false);
  scheduler_.RunUntilIdle();
  EXPECT_EQ(shown.told(), 101u);
  EXPECT_EQ(hidden.told(), 100u);
  EXPECT_THAT(hidden.updates(), Each(Not(HasSubstr("quiet"))));
}

TEST_F(HubBundleTest, NoMessageHasMoreAlertsThanIsAllowed) {
  Hub::Options options;
  options.max_alerts_per_message = 20;
  StartHub(options);
  TestStream stream;
  Open(&stream, Latest());
  PublishMany("a", 1, 100);
  while (stream.outstanding()) {
    Read(&stream);
    EXPECT_LE(stream.messages().back().updates.size(), 20u);
  }
  EXPECT_EQ(stream.updates(), Expected("a", 1, 100));
}

TEST_F(HubBundleTest, NoMessageIsLongerThanIsAllowed) {
  Hub::Options options;
  options.max_message_bytes = 300;  // about twenty alerts
  StartHub(options);
  TestStream stream;
  Open(&stream, Latest());
  PublishMany("a", 1, 100);
  while (stream.outstanding()) {
    Read(&stream);
    size_t bytes = 0;
    const TestStream::Message message = stream.messages().back();
    for (const std::string& update : message.updates) bytes += update.size();
    EXPECT_LE(bytes, 300u);
  }
  EXPECT_EQ(stream.updates(), Expected("a", 1, 100));
}

TEST_F(HubBundleTest, NothingIsKeptWhenNobodyListens) {
  StartHub();
  {
    TestStream stream;
    Open(&stream, Latest());
    PublishMany("a", 1, 100);
    Read(&stream);
    EXPECT_GT(hub_->census().bundle_bytes, 0u);
  }
  EXPECT_EQ(hub_->census().bundle_bytes, 0u);
}

// ---- What is kept

BundlePtr OfBytes(size_t bytes) {
  auto bundle = std::make_shared<Bundle>();
  bundle->bytes = std::make_shared<const std::string>(bytes, 'x');
  return bundle;
}

TEST(BundlesTest, KeepsTheOnesUsedLastWithinTheirBound) {
  Bundles bundles(3000);
  const auto key = [](uint64_t view) { return Bundles::Key{view, 0, 32}; };
  for (uint64_t view = 1; view <= 2; ++view) bundles.Keep(key(view), OfBytes(1000));
  EXPECT_NE(bundles.Find(key(1)), nullptr);
  bundles.Keep(key(3), OfBytes(1000));
  EXPECT_EQ(bundles.Find(key(2)), nullptr);
  EXPECT_NE(bundles.Find(key(1)), nullptr);
  EXPECT_NE(bundles.Find(key(3)), nullptr);
  EXPECT_LE(bundles.bytes(), 3000u);
}

TEST(BundlesTest, OneThatIsLongerThanAllThatMayBeKeptIsNotKept) {
  Bundles bundles(1000);
  bundles.Keep({1, 0, 0}, OfBytes(2000));
  EXPECT_EQ(bundles.Find({1, 0, 0}), nullptr);
  EXPECT_EQ(bundles.bytes(), 0u);
}

}  // namespace
}  // namespace supervision::alerting
