// Rules that are exchanged a hundred times while clues come in: no call fails, and each verdict is
// of one set.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"
#include "tests/support/rule_folder.h"

namespace supervision::testing {
namespace {

using Mark = std::tuple<v1::Scenario, std::string, std::string>;

// What the set's one rule spoke for: the model may outweigh it, but never changes it.
v1::Scenario RuleOf(const v1::Verdict& verdict) {
  for (const v1::EvidenceSpan& span : verdict.evidence()) {
    if (span.rule_id() == "TEST.SERVED") return span.scenario();
  }
  return v1::SCENARIO_UNSPECIFIED;
}

v1::RuleSetStatus Reload(const TestServer& server) {
  v1::ReloadRulesResponse response;
  const grpc::Status status = v1::AdminService::NewStub(server.channel())
                                  ->ReloadRules(Context(kOperatorToken).get(), {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.rules();
}

TEST(ReloadTest, AHundredReloadsUnderLoadFailNoClueAndMixNoVerdict) {
  RuleFolder folder;
  TestServer server(
      {.flags = {"--files.catalogue=" + folder.path() + "/catalogue.yaml",
                 "--files.rules=" + folder.path() + "/rules", "--reload.watch=false"}});
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  std::atomic<int> accepted = 0;
  std::mutex mutex;
  std::set<Mark> seen;
  std::vector<std::thread> partners;
  for (int i = 0; i < 4; ++i) {
    partners.emplace_back([&, i] {
      const auto stub = v1::ClueService::NewStub(server.channel());
      for (int number = i * 1'000'000; !stop; ++number) {
        v1::SubmitClueRequest request = ValidRequest(number);
        request.mutable_clue()->set_title("决定书");
        request.mutable_clue()->set_content(kRuleFolderText);
        const Submitted answer = Submit(*stub, request);
        if (!answer.status.ok()) {
          ++failed;
          continue;
        }
        ++accepted;
        const v1::Verdict& verdict = answer.receipt.verdict();
        const std::lock_guard<std::mutex> lock(mutex);
        seen.emplace(RuleOf(verdict), verdict.catalogue_version(), verdict.rules_version());
      }
    });
  }
  std::set<std::pair<std::string, std::string>> loaded;
  for (int i = 1; i <= 100; ++i) {
    folder.Exchange(i % 2 == 0
                        ? RuleFolder::Set{.scenario = "ADMIN_ENFORCEMENT", .catalogue_version = "a"}
                        : RuleFolder::Set{.scenario = "JUDICIAL", .catalogue_version = "b"});
    const v1::RuleSetStatus rules = Reload(server);
    ASSERT_EQ(rules.last_attempt().result(), v1::RELOAD_RESULT_LOADED);
    loaded.emplace(rules.catalogue_version(), rules.rules_version());
    if (i > 2) continue;
    // Each of the two has sorted something, also where clues are slower than reloads.
    EXPECT_TRUE(Eventually([&] {
      const std::lock_guard<std::mutex> lock(mutex);
      return std::any_of(seen.begin(), seen.end(), [&](const Mark& mark) {
        return std::get<1>(mark) == rules.catalogue_version();
      });
    }));
  }
  stop = true;
  for (std::thread& partner : partners) partner.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(accepted, 0);
  ASSERT_EQ(loaded.size(), 2u);
  std::set<Mark> right;
  for (const auto& [catalogue, rules] : loaded) {
    right.emplace(catalogue == "a" ? v1::SCENARIO_ADMIN_ENFORCEMENT : v1::SCENARIO_JUDICIAL,
                  catalogue, rules);
  }
  EXPECT_EQ(seen, right);
  EXPECT_EQ(server.Metric("supervision_rules_reloads_total{result=\"loaded\",set=\"live\"}"), 101);
}

v1::ListShadowDifferencesResponse ListShadow(const TestServer& server) {
  v1::ListShadowDifferencesResponse response;
  const grpc::Status status =
      v1::AdminService::NewStub(server.channel())
          ->ListShadowDifferences(Context(kOperatorToken).get(), {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

TEST(ShadowTest, ACandidateSortsBesideTheLiveSetAndChangesNothing) {
  RuleFolder candidate;
  TestServer server({.flags = {"--shadow.rules=" + candidate.path() + "/rules",
                               "--shadow.percent=100", "--reload.settle=20ms"}});
  ASSERT_TRUE(Eventually([&] { return ListShadow(server).candidate().loaded(); }));
  const auto stub = v1::ClueService::NewStub(server.channel());
  // The one rule of the candidate says nothing of this text, and many of the live set do.
  const Submitted answer = Submit(*stub, ValidRequest(1));
  ASSERT_TRUE(answer.status.ok());
  ASSERT_TRUE(Eventually([&] { return ListShadow(server).compared() == 1; }));
  v1::GetStatusResponse status;
  ASSERT_TRUE(v1::AdminService::NewStub(server.channel())
                  ->GetStatus(Context(kOperatorToken).get(), {}, &status)
                  .ok());
  EXPECT_EQ(answer.receipt.verdict().rules_version(), status.rules().rules_version());
  EXPECT_NE(ListShadow(server).candidate().rules_version(), status.rules().rules_version());
  EXPECT_EQ(ListShadow(server).dropped(), 0);
  // Answered again from the ledger: nothing new to compare.
  ASSERT_TRUE(Submit(*stub, ValidRequest(1)).status.ok());
  ASSERT_TRUE(Submit(*stub, ValidRequest(2)).status.ok());
  EXPECT_TRUE(Eventually([&] { return ListShadow(server).compared() == 2; }));
  // It is exchanged like the live one.
  const std::string before = ListShadow(server).candidate().digest();
  candidate.Exchange({.scenario = "JUDICIAL"});
  EXPECT_TRUE(Eventually([&] { return ListShadow(server).candidate().digest() != before; }));
  EXPECT_EQ(server.Metric("supervision_shadow_compared_total"), 2);
}

TEST(ShadowTest, ACandidateThatCannotBeReadLeavesTheServiceAsItIs) {
  TestServer server({.flags = {"--shadow.rules=/no/such/folder"}});
  ASSERT_TRUE(Eventually(
      [&] { return ListShadow(server).candidate().last_attempt().mistakes_size() > 0; }));
  EXPECT_FALSE(ListShadow(server).candidate().loaded());
  v1::GetStatusResponse status;
  ASSERT_TRUE(v1::AdminService::NewStub(server.channel())
                  ->GetStatus(Context(kOperatorToken).get(), {}, &status)
                  .ok());
  EXPECT_EQ(status.candidate().last_attempt().result(), v1::RELOAD_RESULT_REJECTED);
  EXPECT_GT(status.candidate().last_attempt().mistakes_size(), 0);
  EXPECT_TRUE(status.ready()) << "the service goes on";
  const auto stub = v1::ClueService::NewStub(server.channel());
  EXPECT_TRUE(Submit(*stub, ValidRequest(1)).status.ok());
}

TEST(ShadowTest, WithoutACandidateTheAnswerSaysSo) {
  TestServer server;
  EXPECT_FALSE(ListShadow(server).configured());
}

}  // namespace
}  // namespace supervision::testing
