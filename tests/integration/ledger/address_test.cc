// Where redis.address leads elsewhere than before: a name or a service that was pointed at another
// server, here a link to a socket.
#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using testing::Eventually;
using testing::ExampleSubmission;
using ::testing::IsEmpty;
using testing::OptionsFor;
using testing::RecordingObserver;
using testing::TestLedger;

testing::RedisServer::Options WithTcp() {
  testing::RedisServer::Options options;
  options.tcp = true;
  options.settings = {"--repl-diskless-sync-delay", "0"};
  return options;
}

class AddressTest : public ::testing::Test {
 protected:
  AddressTest() : first_(WithTcp()), second_(WithTcp()), link_(directory_.path() + "/redis.sock") {
    LeadTo(first_);
  }

  void LeadTo(const testing::RedisServer& server) {
    const std::string beside = link_ + ".new";
    std::filesystem::create_symlink(server.path(), beside);
    std::filesystem::rename(beside, link_);
  }
  Ledger::Options Options() {
    Ledger::Options options = OptionsFor(first_);
    options.address.unix_path = link_;
    return options;
  }
  // The second server has all that the first has, and both take changes from now on.
  void Copy() {
    second_.Call({"REPLICAOF", "127.0.0.1", std::to_string(first_.port())});
    ASSERT_TRUE(Eventually([&] {
      return absl::StrContains(second_.Call({"INFO", "replication"}), "master_link_status:up");
    }));
    ASSERT_EQ(first_.Call({"WAIT", "1", "0"}), ":1\r\n");
    second_.Call({"REPLICAOF", "NO", "ONE"});
  }
  // The connection of this name to a server; empty: there is none.
  static std::string IdOf(const std::string& name, const testing::RedisServer& server) {
    const std::vector<std::string> lines =
        absl::StrSplit(server.Call({"CLIENT", "LIST"}), absl::ByChar('\n'));
    for (const std::string& line : lines) {
      if (!absl::StrContains(line, " name=" + name + " ")) continue;
      const size_t id = line.find("id=") + 3;
      return line.substr(id, line.find(' ', id) - id);
    }
    return "";
  }
  void Break(const std::string& name) { first_.Call({"CLIENT", "KILL", "ID", IdOf(name, first_)}); }

  testing::RedisServer first_;
  testing::RedisServer second_;
  testing::TempDir directory_;
  const std::string link_;
};

TEST_F(AddressTest, ARefusedRedisIsLeftWhereTheAddressLeadsToAnotherOne) {
  TestLedger ledger(Options());
  ASSERT_TRUE(ledger.WaitReady());
  ASSERT_TRUE(ledger.Submit(ExampleSubmission("1")).ok());
  Copy();
  first_.Call({"REPLICAOF", "127.0.0.1", std::to_string(second_.port())});
  // It learns of the change by its first write, and connects again before the address has moved.
  EXPECT_FALSE(ledger.Submit(ExampleSubmission("2")).ok());
  ASSERT_TRUE(Eventually([&] {
    const LedgerState state = ledger->state();
    return !state.not_ready_because.empty() &&
           absl::StrContains(state.not_ready_because[0], "is a replica");
  }));
  LeadTo(second_);
  ASSERT_TRUE(ledger.WaitReady());
  EXPECT_TRUE(ledger.Submit(ExampleSubmission("2")).ok());
}

// Who takes changes where the address leads no more takes them for nobody.
TEST_F(AddressTest, WhereAnotherConnectionComesToAnotherServerAllOfThemMeetThere) {
  for (const char* const name : {"tail", "read", "bulk"}) {
    LeadTo(first_);
    TestLedger ledger(Options());
    ASSERT_TRUE(ledger.WaitReady());
    RecordingObserver observer;
    ledger->Follow(&observer);
    ASSERT_TRUE(ledger.Submit(ExampleSubmission(absl::StrCat("before ", name))).ok());
    ASSERT_TRUE(observer.WaitFor(1));
    Copy();
    LeadTo(second_);
    Break(name);
    for (const char* const each : {"commit", "tail", "read", "bulk"}) {
      ASSERT_TRUE(Eventually([&] { return !IdOf(each, second_).empty(); })) << each;
      EXPECT_THAT(IdOf(each, first_), IsEmpty()) << each;
    }
    ASSERT_TRUE(ledger.WaitReady());
    const absl::StatusOr<Receipt> receipt =
        ledger.Submit(ExampleSubmission(absl::StrCat("after ", name)));
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_TRUE(observer.WaitFor(2));
    EXPECT_TRUE(ledger.Get(receipt->clue_id).ok());
    ledger->Follow(nullptr);
  }
}

}  // namespace
}  // namespace supervision::ledger
