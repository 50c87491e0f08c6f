#include "services/doctor/machine.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/redis/data_directory.h"
#include "tests/unit/doctor/doctor_fixture.h"

namespace supervision::doctor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MachineTest : public DoctorTest {};

TEST_F(MachineTest, ADirectoryThatCanBeMadeIsFine) {
  CheckDataDirectory(settings_, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kOk, HasSubstr("at the first start"))));
  EXPECT_FALSE(std::filesystem::exists(data_)) << "looking makes nothing";
}

TEST_F(MachineTest, TryingADirectoryLeavesNothingInIt) {
  std::filesystem::create_directory(data_);
  CheckDataDirectory(settings_, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kOk, HasSubstr("can be written in"))));
  EXPECT_TRUE(std::filesystem::is_empty(data_));
}

TEST_F(MachineTest, ADirectoryThatCannotBeWrittenFails) {
  settings_.redis.data_directory = "/proc/self";  // root neither
  CheckDataDirectory(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kFail, AllOf(HasSubstr("redis.data_directory /proc/self"),
                                                 HasSubstr("cannot be written in"),
                                                 HasSubstr("name another directory")))));
}

// Who asks as root sees what the service's user will not be able to do.
TEST_F(MachineTest, AFileOfAnotherInADirectoryThatWasGivenAwayFails) {
  const std::string file = data_ + "/redis.log";
  std::filesystem::create_directory(data_);
  std::ofstream(file) << "x";
  CheckDataDirectory(settings_, &findings_);
  constexpr uid_t kNobody = 65534;
  if (geteuid() == 0) {
    ASSERT_EQ(chown(data_.c_str(), kNobody, kNobody), 0);
  } else {
    std::filesystem::permissions(file, std::filesystem::perms::none);
  }
  CheckDataDirectory(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kOk, HasSubstr("can be written in")),
                          Is(Grade::kFail, AllOf(HasSubstr(file + " of another user"),
                                                 HasSubstr("chown -R --reference=" + data_)))));
}

TEST_F(MachineTest, AFileInItsPlaceFails) {
  std::ofstream(data_) << "x";
  CheckDataDirectory(settings_, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kFail, HasSubstr("is no directory"))));
}

TEST_F(MachineTest, AServiceThatRunsOnItIsTold) {
  const auto held = redis::DataDirectory::Lock(data_, absl::ZeroDuration());
  ASSERT_TRUE(held.ok()) << held.status();
  CheckDataDirectory(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kOk, HasSubstr(absl::StrCat("process ", getpid())))));
}

TEST_F(MachineTest, TooLittleRoomFails) {
  settings_.redis.min_free_disk = INT64_MAX;
  CheckDisk(settings_, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kFail, AllOf(HasSubstr("redis.min_free_disk"),
                                                                  HasSubstr("make room")))));
}

TEST_F(MachineTest, RoomThatDoesNotEndARefusalWarns) {
  settings_.redis.min_free_disk =
      static_cast<int64_t>(redis::FreeBytes(directory_.path()) / 17 * 16);  // a sixteenth above it
  CheckDisk(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kWarn, HasSubstr("a service whose disk was full refuses"))));
}

TEST_F(MachineTest, NoRoomToWriteTheFileAnewWarns) {
  const uint64_t free = redis::FreeBytes(directory_.path());
  settings_.redis.min_free_disk = 0;
  std::filesystem::create_directories(data_ + "/appendonlydir");
  const std::string file = data_ + "/appendonlydir/base.rdb";
  std::ofstream(file) << "x";
  std::filesystem::resize_file(file, free + (uint64_t{64} << 30));  // of holes
  CheckDisk(settings_, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kWarn, HasSubstr("written anew"))));
}

TEST_F(MachineTest, EnoughRoomIsFine) {
  settings_.redis.min_free_disk = 0;
  CheckDisk(settings_, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kOk, HasSubstr("are free"))));
}

TEST_F(MachineTest, MoreStreamsThanFilesWarns) {
  settings_.alerting.max_streams = 1;
  CheckDescriptors(settings_, &findings_);
  settings_.alerting.max_streams = 2'000'000'000;
  CheckDescriptors(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kOk, HasSubstr("alerting.max_streams 1 needs")),
                          Is(Grade::kWarn, HasSubstr("raise LimitNOFILE"))));
}

TEST_F(MachineTest, APortInUseFailsUnlessItIsTheServices) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  settings_.listen.grpc = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  CheckPorts(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kFail, AllOf(HasSubstr("listen.grpc " + settings_.listen.grpc),
                                                 HasSubstr("another program"),
                                                 HasSubstr("set another address")))));
  const auto held = redis::DataDirectory::Lock(data_, absl::ZeroDuration());
  Findings while_it_runs;
  CheckPorts(settings_, &while_it_runs);
  EXPECT_THAT(while_it_runs.all(), IsEmpty());
  close(fd);
}

TEST_F(MachineTest, AFreePortIsFineAndAForeignAddressFails) {
  settings_.listen.metrics = "192.0.2.1:9464";  // of documentation: nobody's
  CheckPorts(settings_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kOk, HasSubstr("is free")),
                          Is(Grade::kFail, AllOf(HasSubstr("listen.metrics 192.0.2.1:9464"),
                                                 HasSubstr("cannot be listened on")))));
}

}  // namespace
}  // namespace supervision::doctor
