// Many texts sorted in one call.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using std::string_literals::operator""s;

class ClassifyManyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new TestServer({.flags = {"--intake.max_concurrent=600"}});
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  static v1::BatchClassifyTextsRequest BatchOf(int texts) {
    v1::BatchClassifyTextsRequest request;
    for (int i = 0; i < texts; ++i) {
      request.add_texts()->set_title(ValidClue(i).title());
      request.mutable_texts(i)->set_content(ValidClue(i).content());
    }
    return request;
  }
  grpc::Status Classify(const v1::BatchClassifyTextsRequest& request,
                        v1::BatchClassifyTextsResponse* response,
                        const std::string& token = kPartnerToken) {
    response->Clear();
    return stub_->BatchClassifyTexts(Context(token).get(), request, response);
  }

  static TestServer* server_;
  std::unique_ptr<v1::ClassificationService::Stub> stub_ =
      v1::ClassificationService::NewStub(server_->channel());
};
TestServer* ClassifyManyTest::server_ = nullptr;

TEST_F(ClassifyManyTest, EachTextIsAnsweredInItsPlaceAsByTheUnaryCallAndNothingIsStored) {
  v1::BatchClassifyTextsRequest request = BatchOf(500);
  request.mutable_texts(7)->clear_content();
  request.mutable_texts(7)->set_persons_affected(-1);
  request.mutable_texts(9)->clear_title();
  request.mutable_texts(9)->set_content("今天天气不错。");
  v1::BatchClassifyTextsResponse response;
  const grpc::Status status = Classify(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.results_size(), 500);
  EXPECT_EQ(ReasonOf(response.results(7).error()), "INVALID_REQUEST");
  EXPECT_THAT(ViolationsOf(response.results(7).error()),
              ElementsAre("texts[7].content", "texts[7].persons_affected"));
  for (const int i : {0, 9, 499}) {
    v1::ClassifyTextResponse alone;
    ASSERT_TRUE(stub_->ClassifyText(Context(kPartnerToken).get(), request.texts(i), &alone).ok());
    EXPECT_EQ(response.results(i).verdict().SerializeAsString(),
              alone.verdict().SerializeAsString())
        << i;
  }
  EXPECT_NE(response.results(9).verdict().scenario(), response.results(0).verdict().scenario());
  v1::ListCluesResponse clues;
  ASSERT_TRUE(v1::ClueService::NewStub(server_->channel())
                  ->ListClues(Context(kMonitorToken).get(), {}, &clues)
                  .ok());
  EXPECT_EQ(clues.clues_size(), 0);
}

TEST_F(ClassifyManyTest, EveryRoleMay) {
  v1::BatchClassifyTextsResponse response;
  for (const char* const token : {kPartnerToken, kMonitorToken, kReviewerToken, kOperatorToken}) {
    EXPECT_TRUE(Classify(BatchOf(2), &response, token).ok()) << token;
  }
}

TEST_F(ClassifyManyTest, APoisonTextTouchesNoOther) {
  const std::string good = BatchOf(1).SerializeAsString();
  const RawAnswer answer =
      CallRaw(server_->channel(), "/supervision.v1.ClassificationService/BatchClassifyTexts",
              good + "\x0a\x02\xff\xff"s + "\x0a\x03\x12\x01\xff"s + good, kPartnerToken);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  v1::BatchClassifyTextsResponse response;
  ASSERT_TRUE(response.ParseFromString(answer.bytes));
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_TRUE(response.results(0).has_verdict());
  EXPECT_EQ(ReasonOf(response.results(1).error()), "MALFORMED_MESSAGE");
  EXPECT_THAT(ViolationsOf(response.results(2).error()), ElementsAre("texts[2].content"));
  EXPECT_TRUE(response.results(3).has_verdict());
}

TEST_F(ClassifyManyTest, ABatchIsBounded) {
  v1::BatchClassifyTextsResponse response;
  EXPECT_EQ(ReasonOf(Classify(BatchOf(501), &response)), "BATCH_TOO_LARGE");
  v1::BatchClassifyTextsRequest large;
  for (int i = 0; i < 5; ++i) large.add_texts()->set_content(std::string(1 << 20, 'x'));
  EXPECT_EQ(ReasonOf(Classify(large, &response)), "BATCH_TOO_LARGE");
  EXPECT_THAT(ViolationsOf(Classify({}, &response)), ElementsAre("texts"));
}

TEST_F(ClassifyManyTest, ABatchTakesRoomAtIntakeAndIsRefusedWhenThereIsNone) {
  TestServer small({.flags = {"--intake.max_concurrent=4"}});
  const auto stub = v1::ClassificationService::NewStub(small.channel());
  // Long batches at once, until one of them has found no room; it is told when to come back.
  v1::BatchClassifyTextsRequest request;
  std::string text;
  for (int i = 0; i < 600; ++i) text += "群众反映某镇综合执法队处罚决定书未送达。";
  for (int i = 0; i < 60; ++i) request.add_texts()->set_content(text);
  std::atomic<int> refused = 0;
  std::atomic<int> told_when = 0;
  const auto call = [&] {
    v1::BatchClassifyTextsResponse response;
    const grpc::Status status =
        stub->BatchClassifyTexts(Context(kPartnerToken).get(), request, &response);
    if (status.ok()) return;
    EXPECT_EQ(ReasonOf(status), "OVERLOADED");
    ++refused;
    told_when += HasRetryInfo(status) ? 1 : 0;
  };
  EXPECT_TRUE(Eventually([&] {
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) callers.emplace_back(call);
    for (std::thread& caller : callers) caller.join();
    return refused > 0;
  }));
  EXPECT_EQ(told_when, refused);
  v1::BatchClassifyTextsResponse response;
  EXPECT_TRUE(Eventually([&] {
    return stub->BatchClassifyTexts(Context(kPartnerToken).get(), BatchOf(3), &response).ok();
  })) << "the room is given back behind the answer";
}

}  // namespace
}  // namespace supervision::testing
