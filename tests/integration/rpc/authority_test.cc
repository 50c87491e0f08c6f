// Who may call what: every method of the services' descriptors, for every kind of caller.
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/security/authority.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/certificates.h"

namespace supervision::testing {
namespace {

using security::AuthorityTable;
using security::Role;

// The files of the API as the sources have them: "supervision/v1/clue.proto".
std::vector<std::string> FilesOfTheApi() {
  const std::filesystem::path protos = std::string(SUPERVISION_SOURCE_DIR) + "/protos";
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(protos / "supervision/v1")) {
    files.push_back(std::filesystem::relative(entry.path(), protos).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What protoc made of a file; null when the service has nothing of it.
const google::protobuf::FileDescriptor* Made(const std::string& file) {
  return google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file);
}

// Full names of all methods, "/supervision.v1.ClueService/SubmitClue".
std::vector<std::string> MethodsOfTheApi() {
  std::vector<std::string> methods;
  for (const std::string& name : FilesOfTheApi()) {
    const google::protobuf::FileDescriptor* const file = Made(name);
    for (int s = 0; file != nullptr && s < file->service_count(); ++s) {
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

std::string TokenOf(Role role) { return std::string(NameOf(role)) + "-token"; }

// One principal for each role.
std::string Principals() {
  std::string text = "example: true\nprincipals:\n";
  for (size_t number = 1; number <= security::kRoles; ++number) {
    const Role role = static_cast<Role>(number);
    const std::string salt = "12345678";
    const base::Sha256Digest digest = base::Sha256(salt + TokenOf(role));
    text += "  - id: p" + std::to_string(number) + "\n    roles: [" + std::string(NameOf(role)) +
            "]\n    token_hashes: [\"" + base::HexEncode(salt) + ":" +
            base::HexEncode(base::Prefix(digest, digest.size())) + "\"]\n";
    if (role == Role::kPartner) text += "    partner: somebody\n";
  }
  return text;
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const std::string& method : MethodsOfTheApi()) {
    cases.push_back({method, "Nobody", "", std::nullopt});
    cases.push_back({method, "WrongToken", "not-a-token", std::nullopt});
    for (size_t number = 1; number <= security::kRoles; ++number) {
      const Role role = static_cast<Role>(number);
      cases.push_back({method, std::string(NameOf(role)), TokenOf(role), role});
    }
  }
  return cases;
}

class AuthorityTest : public ::testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    place_ = new TempDir();
    const std::string file = place_->path() + "/principals.yaml";
    Replace(file, Principals());
    server_ = new TestServer({.flags = {"--files.principals=" + file}});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete place_;
    server_ = nullptr;
    place_ = nullptr;
  }
  static TempDir* place_;
  static TestServer* server_;
};
TempDir* AuthorityTest::place_ = nullptr;
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

// So that a new service cannot be left out of the matrix above.
TEST(AuthorityTableTest, KnowsEveryServiceOfTheSources) {
  const std::string protos = std::string(SUPERVISION_SOURCE_DIR) + "/protos/";
  const std::regex service("(?:^|\n)service ");
  int services = 0;
  for (const std::string& name : FilesOfTheApi()) {
    if (!std::regex_search(TextOf(protos + name), service)) continue;
    ++services;
    ASSERT_NE(Made(name), nullptr) << name << " has a service that supervisiond does not serve";
    EXPECT_GT(Made(name)->service_count(), 0) << name;
  }
  EXPECT_GE(services, 6);
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
