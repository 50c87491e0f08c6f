// The program supervisiond as an operator meets it: signals, exit codes, what it says.
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kProgram = std::string(SUPERVISION_BINARY_DIR) + "/services/server/supervisiond";
const std::string kConfig =
    "--config " + std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml";

struct Outcome {
  int exit_code = -1;
  std::string output;  // both streams
};
Outcome RunProgram(const std::string& arguments) {
  Outcome outcome;
  std::FILE* const pipe = popen((kProgram + " " + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof(buffer), pipe))
    outcome.output.append(buffer, n);
  outcome.exit_code = WEXITSTATUS(pclose(pipe));
  return outcome;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(DaemonTest, HelpAndVersionEndWithZero) {
  const Outcome help = RunProgram("--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, AllOf(HasSubstr("--config"), HasSubstr("--check-config"),
                                 HasSubstr("Examples:"), HasSubstr("SUPERVISION_")));
  const Outcome version = RunProgram("--version");
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, HasSubstr("supervisiond "));
}

TEST(DaemonTest, CheckConfigEndsWithZeroWhenAllIsRight) {
  EXPECT_EQ(RunProgram(kConfig + " --check-config").exit_code, 0);
}

// Which the service starts without.
TEST(DaemonTest, CheckConfigTellsWhatIsWrongWithTheCandidateToo) {
  const Outcome outcome = RunProgram(kConfig + " --check-config --shadow.rules=/nonexistent/rules");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("/nonexistent/rules"),
                                    HasSubstr("starts without this candidate of shadow")));
}

TEST(DaemonTest, EveryMistakeOfTheConfigurationIsToldAtOnce) {
  const TempDir directory;
  const std::string file = directory.path() + "/server.yaml";
  std::ofstream(file) << "listen:\n  grcp: x\nledger:\n  partitions: 900\n";
  const Outcome outcome = RunProgram("--config " + file + " --log.level=loud --check-config");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("server.yaml:2"), HasSubstr("server.yaml:4"),
                                    HasSubstr("--log.level")));
}

TEST(DaemonTest, AMissingOrDamagedModelIsToldByItsFile) {
  const TempDir directory;
  const std::string damaged = directory.path() + "/damaged.bin";
  std::string bytes =
      ReadFile(std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/model/model.bin");
  ASSERT_GT(bytes.size(), 100);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(damaged, std::ios::binary) << bytes;
  for (const std::string& file : {damaged, directory.path() + "/missing.bin"}) {
    const Outcome outcome = RunProgram(kConfig + " --check-config --files.model=" + file);
    EXPECT_NE(outcome.exit_code, 0) << file;
    EXPECT_THAT(outcome.output, HasSubstr(file));
  }
}

TEST(DaemonTest, PrintConfigIsAConfiguration) {
  const TempDir directory;
  const Outcome printed = RunProgram(kConfig + " --ledger.partitions=4 --print-config");
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_THAT(printed.output, HasSubstr("partitions: 4"));
  const std::string file = directory.path() + "/server.yaml";
  std::ofstream(file) << printed.output;
  EXPECT_THAT(RunProgram("--config " + file + " --print-config").output,
              HasSubstr("partitions: 4"));
}

TEST(DaemonTest, AnUnknownFlagEndsWithTwo) {
  EXPECT_EQ(RunProgram(kConfig + " --no-such-flag --check-config").exit_code, 2);
}

TEST(DaemonTest, SigtermEndsWithZeroAndTellsOfItsWay) {
  const TempDir directory;
  ServiceProcess service({.directory = directory.path()});
  ASSERT_TRUE(service.Start()) << ReadFile(service.log_path());
  EXPECT_EQ(service.Terminate(), 0);
  EXPECT_THAT(ReadFile(service.log_path()),
              AllOf(HasSubstr("serving"), HasSubstr("grpc=127.0.0.1:"), HasSubstr("embedded"),
                    HasSubstr("durable=true"), HasSubstr("rules="), HasSubstr("draining"),
                    HasSubstr("stopped")));
}

TEST(DaemonTest, ASecondSigtermIsSafe) {
  const TempDir directory;
  ServiceProcess service({.directory = directory.path(), .arguments = {"--drain.announce=300ms"}});
  ASSERT_TRUE(service.Start()) << ReadFile(service.log_path());
  kill(service.pid(), SIGTERM);
  EXPECT_TRUE(Eventually(
      [&] { return ReadFile(service.log_path()).find("draining") != std::string::npos; }));
  EXPECT_EQ(service.Terminate(), 0);  // the second
  EXPECT_THAT(ReadFile(service.log_path()), HasSubstr("stopped"));
}

TEST(DaemonTest, ASecondServiceOnOneDirectoryIsRefusedInWords) {
  const TempDir directory;
  const TempDir elsewhere;
  ServiceProcess first({.directory = directory.path()});
  ASSERT_TRUE(first.Start()) << ReadFile(first.log_path());
  const Outcome second = RunProgram(kConfig + " --listen.grpc=127.0.0.1:0 --listen.metrics=off" +
                                    " --redis.data_directory=" + directory.path() + "/data");
  EXPECT_EQ(second.exit_code, 1) << second.output;
  EXPECT_THAT(second.output, HasSubstr(directory.path()));
}

TEST(DaemonTest, APortInUseIsRefusedInWords) {
  const TempDir directory;
  const TempDir elsewhere;
  ServiceProcess first({.directory = directory.path()});
  ASSERT_TRUE(first.Start()) << ReadFile(first.log_path());
  const std::string data = " --redis.data_directory=" + elsewhere.path() + "/data";
  const Outcome grpc =
      RunProgram(kConfig + data + " --listen.metrics=off --listen.grpc=" + first.grpc_address());
  EXPECT_EQ(grpc.exit_code, 1) << grpc.output;
  EXPECT_THAT(grpc.output,
              AllOf(HasSubstr("listen.grpc " + first.grpc_address()),
                    HasSubstr("another program holds it"), HasSubstr("set another address")));
  const Outcome page = RunProgram(
      kConfig + data + " --listen.grpc=127.0.0.1:0 --listen.metrics=" + first.metrics_address());
  EXPECT_EQ(page.exit_code, 1) << page.output;
  EXPECT_THAT(page.output, AllOf(HasSubstr(first.metrics_address()), HasSubstr("is the port taken"),
                                 HasSubstr("listen.metrics")));
}

TEST(DaemonTest, ADataDirectoryThatCannotBeWrittenIsRefusedInWords) {
  // Of files made by the kernel: nobody can make one there, root neither.
  const Outcome outcome = RunProgram(kConfig + " --listen.grpc=127.0.0.1:0 --listen.metrics=off" +
                                     " --redis.data_directory=/proc/self");
  EXPECT_EQ(outcome.exit_code, 1) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("redis.data_directory /proc/self"), HasSubstr("cannot be written in"),
                    HasSubstr("name another directory")));
}

// systemd starts it again then, which it does not after a wrong configuration: a certificate is
// renewed and a clock is set without anybody at the machine.
TEST(DaemonTest, ACertificateThatHasRunOutEndsItWithAStatusThatIsTriedAgain) {
  const Certificates late({"--days", "0", "--server", "late=localhost"});
  const Certificates other({"--server", "other=localhost"});
  const auto started = [](const std::string& certificate, const std::string& key) {
    return RunProgram(kConfig + " --check-config --listen.tls_certificate=" + certificate +
                      " --listen.tls_key=" + key);
  };
  const Outcome outcome = started(late.Path("late.pem"), late.Path("late.key"));
  EXPECT_EQ(outcome.exit_code, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("has run out"));
  EXPECT_EQ(started(late.Path("late.pem"), other.Path("other.key")).exit_code, 2);
}

TEST(DaemonTest, LogsHoldNoWordOfAClue) {
  const TempDir directory;
  ServiceProcess service(
      {.directory = directory.path(), .arguments = {"--log.level=debug", "--log.format=json"}});
  ASSERT_TRUE(service.Start()) << ReadFile(service.log_path());
  const auto stub = v1::ClueService::NewStub(
      grpc::CreateChannel(service.grpc_address(), grpc::InsecureChannelCredentials()));
  ASSERT_TRUE(Eventually([&] { return Submit(*stub, ValidRequest(1)).status.ok(); }));
  v1::SubmitClueRequest wrong = ValidRequest(2);
  wrong.mutable_clue()->set_region_code("MARKER");
  Submit(*stub, wrong);
  EXPECT_EQ(ReasonOf(Submit(*stub, ValidRequest(3), kMonitorToken).status), "PERMISSION_DENIED");
  EXPECT_EQ(ReasonOf(Submit(*stub, ValidRequest(3), "guessed-token").status), "UNAUTHENTICATED");
  EXPECT_EQ(service.Terminate(), 0);
  EXPECT_THAT(ReadFile(service.log_path()),
              AllOf(HasSubstr(R"("call_refused","principal":"example-monitor")"),
                    HasSubstr(R"("call_refused","address":"127.0.0.1")"),
                    Not(HasSubstr("guessed-token")), Not(HasSubstr("example-monitor-token"))));
  EXPECT_THAT(ReadFile(service.log_path()),
              AllOf(HasSubstr("serving"), Not(HasSubstr("综合执法队")), Not(HasSubstr("MARKER")),
                    Not(HasSubstr("example-partner-token"))));
}

}  // namespace
}  // namespace supervision::testing
