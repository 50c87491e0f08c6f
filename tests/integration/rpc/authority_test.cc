// Who may call what: every method of the services' descriptors, for every kind of caller.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "services/security/authority.h"
#include "tests/integration/rpc/calls.h"

namespace supervision::testing {
namespace {

using security::AuthorityTable;
using security::Role;

// Full names of all methods, "/supervision.v1.ClueService/SubmitClue", from what protoc made.
std::vector<std::string> MethodsOfTheApi() {
  std::vector<std::string> methods;
  for (const google::protobuf::FileDescriptor* file :
       {v1::SubmitClueRequest::descriptor()->file(), v1::ClassifyTextRequest::descriptor()->file(),
        v1::WatchAlertsRequest::descriptor()->file(),
        v1::CorrectVerdictRequest::descriptor()->file(),
        v1::GetSubscriptionRequest::descriptor()->file(),
        v1::GetStatusRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back("/" + file->service(s)->full_name() + "/" +
                          file->service(s)->method(m)->name());
      }
    }
  }
  return methods;
}

const security::AuthorityRow* RowOf(const std::string& method) {
  for (const security::AuthorityRow& row : AuthorityTable()) {
    if (row.full_name == method) return &row;
  }
  return nullptr;
}

struct Case {
  std::string method;
  std::string caller;
  std::string token;
  std::optional<Role> role;
};
std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.method << " by " << one.caller;
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const std::string& method : MethodsOfTheApi()) {
    cases.push_back({method, "Nobody", "", std::nullopt});
    cases.push_back({method, "WrongToken", "not-a-token", std::nullopt});
    cases.push_back({method, "Partner", kPartnerToken, Role::kPartner});
    cases.push_back({method, "Monitor", kMonitorToken, Role::kMonitor});
    cases.push_back({method, "Operator", kOperatorToken, Role::kOperator});
    cases.push_back({method, "Reviewer", kReviewerToken, Role::kReviewer});
    cases.push_back({method, "Handler", kHandlerToken, Role::kHandler});
  }
  return cases;
}

class AuthorityTest : public ::testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() { server_ = new TestServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  static TestServer* server_;
};
TestServer* AuthorityTest::server_ = nullptr;

INSTANTIATE_TEST_SUITE_P(Matrix, AuthorityTest, ::testing::ValuesIn(AllCases()),
                         [](const auto& info) {
                           const std::string& method = info.param.method;
                           return method.substr(method.rfind('/') + 1) + info.param.caller;
                         });

TEST_P(AuthorityTest, HoldsBeforeTheRequestIsLookedAt) {
  const security::AuthorityRow* const row = RowOf(GetParam().method);
  ASSERT_NE(row, nullptr) << GetParam().method << " has no row in security/authority";
  // The bytes are no message: whoever may not call must not learn that.
  const grpc::Status status =
      CallRaw(server_->channel(), GetParam().method, "\xff\xff", GetParam().token).status;
  if (!GetParam().role.has_value()) {
    EXPECT_EQ(ReasonOf(status), "UNAUTHENTICATED");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  } else if (!row->roles.test(static_cast<size_t>(*GetParam().role))) {
    EXPECT_EQ(ReasonOf(status), "PERMISSION_DENIED");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  } else if (GetParam().method.find("StreamClues") != std::string::npos) {
    EXPECT_TRUE(status.ok()) << "a stream answers each message by itself";
  } else {
    EXPECT_EQ(ReasonOf(status), "MALFORMED_MESSAGE");
  }
}

TEST(AuthorityTableTest, HasNoRowForAMethodThatIsGone) {
  std::set<std::string> methods;
  for (const std::string& method : MethodsOfTheApi()) methods.insert(method);
  for (const security::AuthorityRow& row : AuthorityTable()) {
    EXPECT_TRUE(methods.contains(std::string(row.full_name))) << row.full_name;
  }
}

}  // namespace
}  // namespace supervision::testing
