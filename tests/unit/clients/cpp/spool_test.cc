#include "clients/cpp/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "clients/cpp/error.h"
#include "tests/support/temp_dir.h"

namespace supervision::client {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

v1::StreamCluesRequest Clue(const std::string& title, const std::string& request_id = "") {
  v1::StreamCluesRequest clue;
  clue.set_request_id(request_id);
  clue.mutable_clue()->set_title(title);
  return clue;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() { options_.path = directory_.path() + "/spool"; }

  std::unique_ptr<Spool> Open() {
    auto spool = Spool::Open(options_);
    EXPECT_TRUE(spool.ok()) << spool.status();
    return spool.ok() ? *std::move(spool) : nullptr;
  }
  static std::vector<std::string> Titles(Spool& spool) {
    std::vector<std::string> titles;
    const auto clues = spool.Oldest(0, 1'000'000);
    EXPECT_TRUE(clues.ok()) << clues.status();
    for (const auto& clue : *clues) titles.push_back(clue.clue.clue().title());
    return titles;
  }
  // The files as a kill -9 at this moment would leave them, in another directory.
  std::string Crash() {
    const std::string copy = directory_.path() + "/crashed" + std::to_string(++crashes_);
    std::filesystem::create_directory(copy);
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy(options_.path + suffix, copy + "/spool" + suffix);
    }
    return copy + "/spool";
  }

  const testing::TempDir directory_;
  SpoolOptions options_;
  int crashes_ = 0;
};

TEST_F(SpoolTest, KeepsCluesInOrderOverReopening) {
  {
    auto spool = Open();
    for (const char* title : {"a", "b", "c"}) ASSERT_TRUE(spool->Add(Clue(title)).ok());
  }
  EXPECT_THAT(Titles(*Open()), ElementsAre("a", "b", "c"));
}

TEST_F(SpoolTest, WhatWasAddedSurvivesAtAnyMoment) {
  for (const SpoolSync sync : {SpoolSync::kPowerLoss, SpoolSync::kProcessDeath}) {
    options_.sync = sync;
    auto spool = Open();
    ASSERT_TRUE(spool->Add(Clue("a")).ok());
    SpoolOptions crashed = options_;
    crashed.path = Crash();
    auto after = Spool::Open(crashed);
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_THAT(Titles(**after), Each("a"));
    EXPECT_THAT(Titles(**after), Not(IsEmpty()));
  }
}

TEST_F(SpoolTest, TheRequestIdIsFixedWhenAClueIsStored) {
  std::string id;
  {
    auto spool = Open();
    id = *spool->Add(Clue("a"));
  }
  EXPECT_THAT(id, SizeIs(32));
  EXPECT_EQ(Open()->Oldest(0, 1)->at(0).clue.request_id(), id);
}

TEST_F(SpoolTest, TheSameClueUnderOneRequestIdIsStoredOnce) {
  auto spool = Open();
  ASSERT_TRUE(spool->Add(Clue("a", "id")).ok());
  EXPECT_TRUE(spool->Add(Clue("a", "id")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(spool->Add(Clue("b", "id")).status()));
  EXPECT_THAT(Titles(*spool), ElementsAre("a"));
}

TEST_F(SpoolTest, AFullSpoolRefusesWithARemedyAndKeepsWhatItHas) {
  options_.max_clues = 2;
  auto spool = Open();
  ASSERT_TRUE(spool->Add(Clue("a", "a")).ok());
  ASSERT_TRUE(spool->Add(Clue("b")).ok());

  const absl::Status full = spool->Add(Clue("c")).status();

  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_THAT(ErrorOf(full).english, HasSubstr("allow more"));
  EXPECT_THAT(ErrorOf(full).chinese, HasSubstr("已满"));
  EXPECT_THAT(Titles(*spool), ElementsAre("a", "b"));
  EXPECT_TRUE(spool->Add(Clue("a", "a")).ok()) << "repeating needs no room";
  ASSERT_TRUE(spool->Settle({spool->Oldest(0, 1)->at(0).sequence}).ok());
  EXPECT_TRUE(spool->Add(Clue("c")).ok());
}

TEST_F(SpoolTest, ATextThatIsNotUtf8IsRefusedAtOnce) {
  auto spool = Open();
  const absl::Status refused = spool->Add(Clue("\xd2\xb9\xbc\xe4", "gbk")).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_THAT(ErrorOf(refused).english, HasSubstr("UTF-8"));
  EXPECT_THAT(ErrorOf(refused).chinese, HasSubstr("UTF-8"));
  EXPECT_EQ(spool->Status()->waiting, 0);
  EXPECT_THAT(*spool->Refused(10), IsEmpty());
}

TEST_F(SpoolTest, RefusedCluesCountAndAreBoundedByBytesToo) {
  options_.max_bytes = 3000;
  auto spool = Open();
  ASSERT_TRUE(spool->Add(Clue(std::string(2000, 'x'), "a")).ok());
  ASSERT_TRUE(spool->Refuse(1, absl::InvalidArgumentError("no")).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(spool->Add(Clue(std::string(2000, 'y'))).status()));
  ASSERT_TRUE(spool->Drop("a").ok());
  EXPECT_TRUE(spool->Add(Clue(std::string(2000, 'y'))).ok());
}

TEST_F(SpoolTest, AddsAllOrNone) {
  options_.max_clues = 2;
  auto spool = Open();
  EXPECT_FALSE(spool->AddAll({Clue("a"), Clue("b"), Clue("c")}).ok());
  EXPECT_THAT(Titles(*spool), IsEmpty());
  EXPECT_THAT(*spool->AddAll({Clue("a", "1"), Clue("b", "2")}), ElementsAre("1", "2"));
}

TEST_F(SpoolTest, KeepsARefusedClueWithItsErrorUntilItIsRetriedOrDropped) {
  {
    auto spool = Open();
    ASSERT_TRUE(spool->AddAll({Clue("a", "a"), Clue("b", "b"), Clue("c", "c")}).ok());
    ASSERT_TRUE(spool->Refuse(1, absl::InvalidArgumentError("title is missing")).ok());
  }
  auto spool = Open();
  const auto refused = spool->Refused(10);
  ASSERT_TRUE(refused.ok());
  ASSERT_THAT(*refused, SizeIs(1));
  EXPECT_EQ(refused->at(0).clue.request_id(), "a");
  EXPECT_TRUE(absl::IsInvalidArgument(refused->at(0).error));
  EXPECT_EQ(ErrorOf(refused->at(0).error).english, "title is missing");
  EXPECT_THAT(Titles(*spool), ElementsAre("b", "c"));

  ASSERT_TRUE(spool->Retry("a").ok());
  EXPECT_THAT(Titles(*spool), ElementsAre("b", "c", "a"));
  EXPECT_THAT(*spool->Refused(10), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(spool->Retry("a")));
  EXPECT_TRUE(absl::IsNotFound(spool->Drop("a")));
}

TEST_F(SpoolTest, ACorrectedClueReplacesTheRefusedOneOfItsRequestId) {
  auto spool = Open();
  ASSERT_TRUE(spool->Add(Clue("wrong", "a")).ok());
  ASSERT_TRUE(spool->Refuse(1, absl::InvalidArgumentError("no")).ok());
  ASSERT_TRUE(spool->Add(Clue("right", "a")).ok());
  EXPECT_THAT(Titles(*spool), ElementsAre("right"));
  EXPECT_THAT(*spool->Refused(10), IsEmpty());
}

TEST_F(SpoolTest, ASecondWriterIsRefusedByNameAndAReaderIsNot) {
  auto spool = Open();
  ASSERT_TRUE(spool->Add(Clue("a")).ok());

  const absl::Status second = Spool::Open(options_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second));
  EXPECT_THAT(ErrorOf(second).english, HasSubstr("in use by process " + std::to_string(getpid())));

  SpoolOptions reading = options_;
  reading.read_only = true;
  auto reader = Spool::Open(reading);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->Status()->waiting, 1);
  EXPECT_FALSE((*reader)->Add(Clue("b")).ok());
  ASSERT_TRUE(spool->Add(Clue("b")).ok());
  EXPECT_EQ((*reader)->Status()->waiting, 2);
  spool.reset();
  EXPECT_TRUE(Spool::Open(options_).ok());
}

TEST_F(SpoolTest, CountsWhatWaitsAndWhatWasRefused) {
  auto spool = Open();
  ASSERT_TRUE(spool->AddAll({Clue("a"), Clue("b"), Clue("c")}).ok());
  ASSERT_TRUE(spool->Settle({1}).ok());
  ASSERT_TRUE(spool->Refuse(2, absl::InvalidArgumentError("no")).ok());
  const auto status = spool->Status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->waiting, 1);
  EXPECT_EQ(status->refused, 1);
  EXPECT_GT(status->bytes, 0);
  EXPECT_LE(status->oldest, absl::Now());
}

TEST_F(SpoolTest, ADamagedEndCostsOnlyWhatWasBeingWritten) {
  auto spool = Open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(spool->Add(Clue(std::to_string(i))).ok());
  const std::string crashed = Crash();
  const std::string log = ReadFile(crashed + "-wal");
  ASSERT_GT(log.size(), 10'000u);
  // Cut at any place, or overwritten from there: what is before it is whole, and in order.
  size_t longest = 0;
  for (const size_t cut : {log.size() - 1, log.size() - 4000, log.size() / 2, size_t{40}}) {
    for (const bool garbage : {false, true}) {
      WriteFile(crashed + "-wal",
                log.substr(0, cut) + (garbage ? std::string(log.size() - cut, '\x5a') : ""));
      const testing::TempDir directory;
      SpoolOptions options;
      options.path = directory.path() + "/spool";
      std::filesystem::copy(crashed, options.path);
      std::filesystem::copy(crashed + "-wal", options.path + "-wal");
      auto after = Spool::Open(options);
      ASSERT_TRUE(after.ok()) << cut << after.status();
      const auto titles = Titles(**after);
      for (size_t i = 0; i < titles.size(); ++i) EXPECT_EQ(titles[i], std::to_string(i));
      longest = std::max(longest, titles.size());
      EXPECT_TRUE((*after)->Add(Clue("more")).ok());
    }
  }
  EXPECT_EQ(longest, 19u);
}

TEST_F(SpoolTest, OfADamagedFileTheReadableCluesAreKeptAndTheFileIsPutAside) {
  {
    auto spool = Open();
    std::vector<v1::StreamCluesRequest> clues;
    for (int i = 0; i < 400; ++i) clues.push_back(Clue(std::to_string(i) + std::string(500, 'x')));
    ASSERT_TRUE(spool->AddAll(std::move(clues)).ok());
  }
  std::string bytes = ReadFile(options_.path);
  ASSERT_GT(bytes.size(), 200'000u);
  bytes.replace(bytes.size() / 2, 9000, 9000, '\x7f');
  WriteFile(options_.path, bytes);

  auto spool = Open();

  ASSERT_NE(spool, nullptr);
  EXPECT_THAT(spool->repaired_from(), HasSubstr("spool.damaged-"));
  EXPECT_EQ(ReadFile(spool->repaired_from()), bytes);
  const auto titles = Titles(*spool);
  EXPECT_GT(titles.size(), 200u);
  EXPECT_LT(titles.size(), 400u);
  EXPECT_EQ(titles.front().substr(0, 2), "0x");
  EXPECT_EQ(titles.back().substr(0, 4), "399x");
  EXPECT_EQ(spool->Status()->waiting, static_cast<int64_t>(titles.size()));
}

TEST_F(SpoolTest, AClueWhoseBytesHaveChangedIsToldAmongTheRefused) {
  {
    auto spool = Open();
    ASSERT_TRUE(spool->AddAll({Clue("first-title", "a"), Clue("other-title", "b")}).ok());
  }
  std::string bytes = ReadFile(options_.path);
  const size_t place = bytes.find("first-title");
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 'F';
  WriteFile(options_.path, bytes);

  auto spool = Open();
  EXPECT_THAT(Titles(*spool), ElementsAre("other-title"));
  ASSERT_THAT(*spool->Refused(10), SizeIs(1));
  EXPECT_TRUE(absl::IsDataLoss(spool->Refused(10)->at(0).error));
  // It is a message still, but not the one that was stored.
  EXPECT_TRUE(absl::IsDataLoss(spool->Retry("a")));
  EXPECT_THAT(Titles(*spool), ElementsAre("other-title"));
  EXPECT_THAT(*spool->Refused(10), SizeIs(1));
  EXPECT_TRUE(spool->Drop("a").ok());
}

TEST_F(SpoolTest, ACrashInTheMiddleOfARepairLosesNothing) {
  {
    auto spool = Open();
    ASSERT_TRUE(spool->Add(Clue("a")).ok());
  }
  // The damaged file has its other name already, the new one not yet its own.
  std::filesystem::rename(options_.path, options_.path + ".rescue");
  EXPECT_THAT(Titles(*Open()), ElementsAre("a"));
}

TEST_F(SpoolTest, AfterACrashInARepairTheLogOfTheDamagedFileIsNotReadIntoTheRescuedOne) {
  std::string log;
  {
    auto damaged = Open();
    ASSERT_TRUE(damaged->Add(Clue("of the damaged file")).ok());
    log = ReadFile(options_.path + "-wal");
  }
  ASSERT_THAT(log, Not(IsEmpty()));
  std::filesystem::remove(options_.path);
  {
    auto spool = Open();
    ASSERT_TRUE(spool->Add(Clue("a")).ok());
  }
  std::filesystem::rename(options_.path, options_.path + ".rescue");
  WriteFile(options_.path + "-wal", log);
  EXPECT_THAT(Titles(*Open()), ElementsAre("a"));
}

TEST_F(SpoolTest, AnotherFileIsLeftAlone) {
  for (const std::string& other :
       {std::string("a letter, not a database"), std::string(5000, 'z')}) {
    WriteFile(options_.path, other);
    const absl::Status status = Spool::Open(options_).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(ErrorOf(status).english, HasSubstr("is not a spool"));
    EXPECT_EQ(ReadFile(options_.path), other);
  }
  options_.path = "/no/such/folder/spool";
  EXPECT_TRUE(absl::IsInvalidArgument(Spool::Open(options_).status()));
}

TEST_F(SpoolTest, AReaderOfNoFileIsToldSo) {
  options_.read_only = true;
  EXPECT_TRUE(absl::IsNotFound(Spool::Open(options_).status()));
}

TEST_F(SpoolTest, OnlyTheOwnerMayReadIt) {
  auto spool = Open();
  ASSERT_TRUE(spool->Add(Clue("a")).ok());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat state = {};
    ASSERT_EQ(stat((options_.path + suffix).c_str(), &state), 0) << suffix;
    EXPECT_EQ(state.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SpoolTest, AFileOfANewerVersionIsRefused) {
  Open().reset();
  std::string bytes = ReadFile(options_.path);
  constexpr size_t kUserVersion = 60;  // its place in the head of every SQLite file
  bytes[kUserVersion + 3] = 9;
  WriteFile(options_.path, bytes);
  const absl::Status status = Spool::Open(options_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(ErrorOf(status).english, HasSubstr("newer version"));
}

}  // namespace
}  // namespace supervision::client
