#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/spool.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "tests/faults/oracle.h"
#include "tests/support/eventually.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

// kill -9 of a partner's process that spools and hands over, and of the service. The seed is
// printed; set SUPERVISION_TEST_SEED to run it again, SUPERVISION_TEST_ROUNDS for more rounds.
namespace supervision::faults {
namespace {

constexpr int kRounds = 40;
constexpr int kCluesOfARun = 60;

uint64_t Seed() {
  const char* const text = std::getenv("SUPERVISION_TEST_SEED");
  const uint64_t seed = text == nullptr ? std::random_device()() : std::strtoull(text, nullptr, 10);
  std::printf("SUPERVISION_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

int Rounds() {
  const char* const text = std::getenv("SUPERVISION_TEST_ROUNDS");
  return text == nullptr ? kRounds : std::max(1, std::atoi(text));
}

class SpoolKillTest : public ::testing::Test {
 protected:
  SpoolKillTest() : random_(Seed()), service_(ServiceOptions()) {}

  testing::ServiceProcess::Options ServiceOptions() const {
    testing::ServiceProcess::Options options;
    options.directory = directory_.path();
    options.port = testing::FreePort();
    return options;
  }
  std::string spool_path() const { return directory_.path() + "/spool"; }
  std::string journal_path() const { return directory_.path() + "/journal"; }
  int Draw(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  // Starts the partner's process.
  void Start(int run, int count) {
    const std::string program = SUPERVISION_BINARY_DIR "/tests/faults/spool_partner";
    std::vector<std::string> words = {
        program,        service_.grpc_address(), spool_path(),
        journal_path(), std::to_string(run),     std::to_string(count)};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ASSERT_EQ(posix_spawn(&partner_, program.c_str(), nullptr, nullptr, argv.data(), environ), 0);
  }
  // Its exit status; -1: it was killed.
  int Wait() const {
    int status = 0;
    waitpid(partner_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool Ended() const {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(partner_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == partner_;
  }
  size_t Journaled() const { return ReadLines(journal_path()).size(); }

  client::SpoolStatus SpoolStatus() const {
    client::SpoolOptions options;
    options.path = spool_path();
    options.read_only = true;
    const auto spool = client::Spool::Open(options);
    if (!spool.ok()) return {};  // killed before there was one
    const auto status = (*spool)->Status();
    return status.ok() ? *status : client::SpoolStatus();
  }

  // The titles that the service has, in the order in which they arrived.
  std::vector<std::string> Arrived() const {
    std::vector<std::string> titles;
    auto stub = v1::ClueService::NewStub(
        grpc::CreateChannel(service_.grpc_address(), grpc::InsecureChannelCredentials()));
    v1::ListCluesRequest request;
    request.set_page_size(500);
    do {
      grpc::ClientContext context;
      context.AddMetadata("authorization", "Bearer example-partner-token");
      v1::ListCluesResponse page;
      const grpc::Status status = stub->ListClues(&context, request, &page);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const auto& clue : page.clues()) titles.push_back(clue.title());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    std::reverse(titles.begin(), titles.end());  // they are listed newest first
    return titles;
  }

  std::mt19937_64 random_;
  const testing::TempDir directory_;
  testing::ServiceProcess service_;
  pid_t partner_ = 0;
};

TEST_F(SpoolKillTest, EachSpooledClueArrivesExactlyOnce) {
  ASSERT_TRUE(service_.Start()) << service_.log_path();
  std::map<std::string, int> moments;
  const int rounds = Rounds();
  for (int run = 1; run <= rounds; ++run) {
    const size_t before = Journaled();
    const bool service_too = Draw(3) == 0;
    ASSERT_NO_FATAL_FAILURE(Start(run, kCluesOfARun));
    // Somewhere between its start and the end of its handing over.
    const size_t stored = before + static_cast<size_t>(Draw(kCluesOfARun));
    ASSERT_TRUE(
        testing::Eventually([&] { return Journaled() >= stored; }, std::chrono::seconds(60)));
    if (service_too) service_.Kill();
    testing::Eventually([&] { return Ended(); }, std::chrono::milliseconds(Draw(30)));
    kill(partner_, SIGKILL);
    const int ended = Wait();
    const client::SpoolStatus left = SpoolStatus();
    ++moments[ended >= 0                            ? "it was done"
              : Journaled() < before + kCluesOfARun ? "still storing"
              : left.waiting > 0                    ? "handing over"
                                                    : "all handed over"];
    if (service_too) {
      ++moments["the service was killed too"];
      ASSERT_TRUE(service_.Start()) << service_.log_path();
    }
  }
  for (const auto& [moment, times] : moments) std::printf("%s: %d\n", moment.c_str(), times);

  // One that is not killed hands over what is left.
  ASSERT_NO_FATAL_FAILURE(Start(0, 0));
  ASSERT_EQ(Wait(), 0);
  EXPECT_EQ(SpoolStatus().waiting, 0);
  EXPECT_EQ(SpoolStatus().refused, 0);

  std::map<std::string, int> arrived;
  for (const std::string& title : Arrived()) ++arrived[title];
  const std::vector<std::string> journaled = ReadLines(journal_path());
  std::printf("%zu stored, %zu arrived\n", journaled.size(), arrived.size());
  for (const std::string& title : journaled) {
    const auto found = arrived.find(title);
    EXPECT_TRUE(found != arrived.end()) << title << " is lost";
  }
  for (const auto& [title, times] : arrived) EXPECT_EQ(times, 1) << title;
  // A kill between storing and writing down leaves one that is only in the spool.
  EXPECT_LE(arrived.size(), journaled.size() + static_cast<size_t>(rounds));
  EXPECT_GT(journaled.size(), 0u);
}

TEST_F(SpoolKillTest, WhatWasSpooledWhileTheServiceWasDownArrivesInOrder) {
  ASSERT_TRUE(service_.Start()) << service_.log_path();
  service_.Kill();
  constexpr int kClues = 300;
  ASSERT_NO_FATAL_FAILURE(Start(1, kClues));
  ASSERT_TRUE(testing::Eventually([&] { return Journaled() == kClues; }, std::chrono::seconds(60)));
  ASSERT_TRUE(service_.Start()) << service_.log_path();
  ASSERT_EQ(Wait(), 0);
  EXPECT_EQ(Arrived(), ReadLines(journal_path()));
}

}  // namespace
}  // namespace supervision::faults
