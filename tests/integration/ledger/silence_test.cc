// How many silences there may be, against a real redis-server.
#include "services/ledger/silence_codec.h"
#include "services/ledger/silence_desk.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using testing::Await;
using testing::FailsWith;
using testing::kPatience;

constexpr SilenceQuota kQuota = {2, 3};

class SilenceTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(ledger_.WaitReady()); }

  static SilenceDraft Draft(const std::string& author) {
    SilenceDraft draft;
    draft.silence.author = author;
    draft.silence.receivers = {author};
    draft.silence.matcher.unit = "某县公安局";
    draft.silence.reason = "系统割接";
    draft.silence.ends_at = absl::Now() + absl::Hours(1);
    return draft;
  }
  absl::StatusOr<domain::Silence> Create(const std::string& author) {
    return Create(Draft(author));
  }
  absl::StatusOr<domain::Silence> Create(const SilenceDraft& draft) {
    return Await<domain::Silence>([&](Ledger::Callback<domain::Silence> done) {
      desk_.Create(draft, kQuota, kPatience, std::move(done));
    });
  }
  static SilenceChange EndOf(const domain::Silence& silence) {
    SilenceChange change;
    change.id = silence.id;
    change.by = silence.author;
    change.may = [](const domain::Silence&) { return true; };
    return change;
  }
  void Expire(const domain::Silence& silence) {
    const auto ended = Await<domain::Silence>([&](Ledger::Callback<domain::Silence> done) {
      desk_.Change(EndOf(silence), kPatience, std::move(done));
    });
    ASSERT_TRUE(ended.ok()) << ended.status();
  }

  // All that is listed, page by page.
  std::vector<std::string> Listed(int page_size) {
    std::vector<std::string> ids;
    SilenceQuery query;
    query.page_size = page_size;
    query.may_read = [](const domain::Silence&) { return true; };
    do {
      const auto page = Await<SilencePage>([&](Ledger::Callback<SilencePage> done) {
        desk_.List(query, kPatience, std::move(done));
      });
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const domain::Silence& silence : page->silences) ids.push_back(silence.id);
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    return ids;
  }

  testing::RedisServer server_;
  testing::TestLedger ledger_{testing::OptionsFor(server_)};
  SilenceDesk desk_{ledger_.get()};
};

TEST_F(SilenceTest, AnAuthorHasNoMoreThanItMay) {
  const auto first = Create("monitor");
  ASSERT_TRUE(first.ok() && Create("monitor").ok());
  EXPECT_THAT(Create("monitor"), FailsWith(domain::Reason::kTooManySilences));
  Expire(*first);
  EXPECT_TRUE(Create("monitor").ok());
}

TEST_F(SilenceTest, AllAuthorsTogetherHaveNoMoreThanTheyMay) {
  const auto first = Create("monitor");
  ASSERT_TRUE(first.ok() && Create("monitor").ok() && Create("handler").ok());
  EXPECT_THAT(Create("handler"), FailsWith(domain::Reason::kTooManySilences));
  Expire(*first);
  EXPECT_TRUE(Create("handler").ok());
}

TEST_F(SilenceTest, EachAuthorHasRequestIdsOfItsOwn) {
  SilenceDraft draft = Draft("monitor");
  draft.request_id = "s-1";
  draft.silence.receivers = {"receiver"};
  const auto first = Create(draft);
  ASSERT_TRUE(first.ok());
  draft.silence.author = "supervisor";
  const auto second = Create(draft);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->id, first->id);
  EXPECT_EQ(second->author, "supervisor");
}

TEST_F(SilenceTest, ARepeatIsAnsweredThoughTheAlertHasLeftItsAuthorsView) {
  const Submission submission = testing::ExampleSubmission("1");
  const auto receipt = ledger_.Submit(submission);
  ASSERT_TRUE(receipt.ok());
  SilenceDraft draft = Draft("monitor");
  draft.request_id = "s-1";
  draft.scope.regions = {"33"};
  draft.silence.matcher = {};
  draft.silence.alert_id = receipt->alert_id;
  const auto first = Create(draft);
  ASSERT_TRUE(first.ok()) << first.status();
  Revision elsewhere = testing::RevisionOf(submission, *receipt, "r-1");
  elsewhere.content.region_code = "440106";
  ASSERT_TRUE(ledger_.Revise(elsewhere).ok());

  const auto again = Create(draft);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id, first->id);
  SilenceDraft other = draft;
  other.silence.reason = "另有原因";
  EXPECT_THAT(Create(other), FailsWith(domain::Reason::kIdempotencyKeyReused));
  other.request_id = "s-2";
  EXPECT_THAT(Create(other), FailsWith(domain::Reason::kAlertNotFound));
  other.request_id = "";
  EXPECT_THAT(Create(other), FailsWith(domain::Reason::kAlertNotFound));
}

TEST_F(SilenceTest, OfThoseThatEndTogetherEachIsListedOnceHoweverManyTheyAre) {
  // More than two pages look at, with one that ends later and one that ends sooner.
  constexpr int kTogether = 4500;
  const absl::Time end = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now() + absl::Hours(1)));
  std::vector<std::string> put = {"HSET", "sv:{0}:z"};
  std::vector<std::string> ends = {"ZADD", "sv:{0}:ze"};
  std::vector<std::string> expected;
  const auto add = [&](const std::string& id, absl::Time ends_at) {
    SilenceRecord record;
    record.silence = Draft("monitor").silence;
    record.silence.id = id;
    record.silence.ends_at = ends_at;
    put.insert(put.end(), {id, EncodeSilence(record)});
    ends.insert(ends.end(), {std::to_string(absl::ToUnixMillis(ends_at)), id});
    expected.push_back(id);
  };
  add("later", end + absl::Seconds(1));
  for (int i = kTogether; i > 0; --i) add("s" + std::to_string(10'000 + i), end);
  add("sooner", end - absl::Seconds(1));
  ASSERT_EQ(server_.Call(put), ":" + std::to_string(expected.size()) + "\r\n");
  ASSERT_EQ(server_.Call(ends), ":" + std::to_string(expected.size()) + "\r\n");
  EXPECT_EQ(Listed(500), expected);
  EXPECT_EQ(Listed(1800), expected) << "in pages that end where others were looked at";
}

TEST_F(SilenceTest, OneThatIsDamagedIsLeftOutOfTheList) {
  const auto first = Create("monitor");
  const auto second = Create("monitor");
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_EQ(server_.Call({"HSET", "sv:{0}:z", first->id, "\xff"}), ":0\r\n");
  EXPECT_THAT(Listed(10), ::testing::ElementsAre(second->id));
}

TEST_F(SilenceTest, OfTwoWhoChangeOneAtOnceBothHaveTheirWay) {
  const auto silence = Create("monitor");
  ASSERT_TRUE(silence.ok());
  SilenceChange sooner = EndOf(*silence);
  sooner.ends_at = silence->ends_at + absl::Hours(1);
  SilenceChange later = EndOf(*silence);
  later.ends_at = silence->ends_at + absl::Hours(2);
  std::future<absl::StatusOr<domain::Silence>> first;
  std::future<absl::StatusOr<domain::Silence>> second;
  {
    const testing::HeldWrites held(&server_);
    desk_.Change(sooner, kPatience, testing::Into(&first));
    ASSERT_TRUE(held.WaitFor());
    ASSERT_TRUE(
        held.WaitForRead("hget", [&] { desk_.Change(later, kPatience, testing::Into(&second)); }));
  }
  const auto extended = first.get();
  ASSERT_TRUE(extended.ok()) << extended.status();
  EXPECT_EQ(extended->ends_at, *sooner.ends_at);
  const auto extended_more = second.get();
  ASSERT_TRUE(extended_more.ok()) << extended_more.status();
  EXPECT_EQ(extended_more->ends_at, *later.ends_at);
}

}  // namespace
}  // namespace supervision::ledger
