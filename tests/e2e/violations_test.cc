#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "clients/cpp/client.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision {
namespace {

using ::testing::HasSubstr;

// Everything that can be wrong in one clue, and more list entries than there may be.
v1::ClueContent ManyMistakes() {
  constexpr int kEntries = 70;
  v1::ClueContent clue;
  clue.set_region_code("1");
  clue.set_persons_affected(-1);
  for (int i = 0; i < kEntries; ++i) {
    clue.add_instruments()->mutable_date()->set_year(1);
    auto& amount = *clue.add_amounts();
    amount.set_fen(-1);
    for (int j = 0; j < 101; ++j) amount.mutable_purpose()->append("很");
    auto& evidence = *clue.add_evidence();
    evidence.set_uri("no uri");
    evidence.set_sha256("short");
    evidence.set_size_bytes(-1);
    evidence.set_media_type("none");
  }
  return clue;
}

TEST(ViolationsTest, HundredsReachACppClientAsManyAsFitAndTheNumberOfTheRest) {
  const testing::TempDir directory;
  testing::ServiceProcess service({.directory = directory.path()});
  ASSERT_TRUE(service.Start()) << "see " << service.log_path();
  client::ClientOptions options;
  options.channel.address = service.grpc_address();
  options.token = "example-partner-token";
  client::Client client(options);
  v1::SubmitClueRequest request;
  *request.mutable_clue() = ManyMistakes();

  const auto response = client.Submit(request);

  const client::Error error = client::ErrorOf(response.status());
  EXPECT_EQ(error.code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(error.reason, "INVALID_REQUEST");
  EXPECT_THAT(error.chinese, HasSubstr("请求内容有误"));
  ASSERT_GE(error.violations.size(), 10);
  std::smatch more;
  const std::string last = error.violations.back().description;
  ASSERT_TRUE(std::regex_search(last, more, std::regex("and ([0-9]+) more"))) << last;
  const int total = std::atoi(error.metadata.at("violations").c_str());
  EXPECT_EQ(static_cast<int>(error.violations.size()) - 1 + std::atoi(more[1].str().c_str()),
            total);
  EXPECT_GE(total, 500);
  EXPECT_EQ(service.Terminate(), 0);
}

}  // namespace
}  // namespace supervision
