#include "services/redis/embedded.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "services/base/mutex.h"
#include "services/redis/blocking_call.h"
#include "services/redis/child_process.h"
#include "services/redis/data_directory.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_calls.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Eventually;
using ::supervision::testing::Show;
using ::supervision::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Phase = EmbeddedState::Phase;

// Asks again while the server still reads its data, as every client of a Redis that just started
// has to.
std::string Ask(const std::string& socket, const Command& command) {
  std::string answer;
  const auto has_loaded = [&] {
    const absl::StatusOr<Reply> reply = CallAndWait(socket, command, absl::Seconds(60));
    answer = reply.ok() ? Show(*reply) : reply.status().ToString();
    return !absl::StartsWith(answer, "!LOADING");
  };
  EXPECT_TRUE(Eventually(has_loaded)) << answer;
  return answer;
}

int ModeOf(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : -1;
}

bool IsLocked(const std::string& file) {
  const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  const bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
  close(fd);
  return locked;
}

class EmbeddedRedisTest : public ::testing::Test {
 protected:
  EmbeddedRedis::Options Options() {
    EmbeddedRedis::Options options;
    options.data_directory = directory_.path() + "/data";
    options.orphan_timeout = absl::Seconds(60);
    options.min_free_disk_bytes = 0;  // whatever disk the test runs on
    return options;
  }
  std::unique_ptr<EmbeddedRedis> MustStart(EmbeddedRedis::Options options) {
    auto redis = EmbeddedRedis::Start(std::move(options));
    EXPECT_TRUE(redis.ok()) << redis.status();
    if (!redis.ok()) std::abort();
    return *std::move(redis);
  }
  std::string StartError(EmbeddedRedis::Options options) {
    const auto redis = EmbeddedRedis::Start(std::move(options));
    return redis.ok() ? "it started" : std::string(redis.status().message());
  }

  TempDir directory_;
};

// Another service, in a process of its own, with an embedded Redis on `directory`.
class Holder {
 public:
  explicit Holder(const std::string& directory) {
    int out[2];
    int in[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execl(EMBEDDED_HOLDER, EMBEDDED_HOLDER, directory.c_str(), nullptr);
      _exit(127);
    }
    close(out[1]);
    close(in[0]);
    keep_alive_ = in[1];
    FILE* const line = fdopen(out[0], "r");
    char socket[200] = "";
    if (fscanf(line, "%d %199s", &redis_pid_, socket) != 2) std::abort();
    fclose(line);
    socket_ = socket;
  }
  ~Holder() {
    Kill9();
    close(keep_alive_);
  }
  void Kill9() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  int pid() const { return pid_; }
  int redis_pid() const { return redis_pid_; }
  const std::string& socket() const { return socket_; }

 private:
  int pid_ = 0;
  int redis_pid_ = 0;
  int keep_alive_ = -1;
  std::string socket_;
};

TEST_F(EmbeddedRedisTest, RunsWithDurableSettings) {
  const auto redis = MustStart(Options());
  const std::pair<const char*, const char*> settings[] = {{"appendonly", "yes"},
                                                          {"appendfsync", "always"},
                                                          {"no-appendfsync-on-rewrite", "no"},
                                                          {"aof-load-truncated", "no"},
                                                          {"aof-use-rdb-preamble", "yes"},
                                                          {"save", ""},
                                                          {"maxmemory-policy", "noeviction"},
                                                          {"maxmemory", "0"},
                                                          {"port", "0"},
                                                          {"protected-mode", "yes"},
                                                          {"stop-writes-on-bgsave-error", "yes"},
                                                          {"auto-aof-rewrite-percentage", "100"}};
  for (const auto& [name, value] : settings) {
    EXPECT_EQ(Ask(redis->socket_path(), {"CONFIG", "GET", name}),
              std::string("[") + name + " " + value + "]");
  }
}

TEST_F(EmbeddedRedisTest, LimitsItsMemoryWhenAsked) {
  EmbeddedRedis::Options options = Options();
  options.max_memory_bytes = 64 << 20;
  const auto redis = MustStart(options);
  EXPECT_EQ(Ask(redis->socket_path(), {"CONFIG", "GET", "maxmemory"}), "[maxmemory 67108864]");
}

TEST_F(EmbeddedRedisTest, IsReachableByNobodyElse) {
  const auto redis = MustStart(Options());
  EXPECT_EQ(ModeOf(Options().data_directory), 0700);
  EXPECT_EQ(ModeOf(redis->socket_path()), 0600);
  for (const auto& file : std::filesystem::recursive_directory_iterator(Options().data_directory)) {
    EXPECT_EQ(ModeOf(file.path()) & 0077, 0) << file.path();
  }
}

TEST_F(EmbeddedRedisTest, PutsTheSocketElsewhereWhenThePathIsTooLong) {
  EmbeddedRedis::Options options = Options();
  options.data_directory += "/" + std::string(120, 'd');
  std::string socket;
  {
    const auto redis = MustStart(options);
    socket = redis->socket_path();
    EXPECT_LT(socket.size(), 100u);
    EXPECT_EQ(ModeOf(std::filesystem::path(socket).parent_path()), 0700);
    EXPECT_EQ(Ask(socket, {"PING"}), "PONG");
  }
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(socket).parent_path()));
}

TEST_F(EmbeddedRedisTest, StopEndsRedisAndFreesTheDirectory) {
  auto redis = MustStart(Options());
  const int pid = redis->pid();
  redis->Stop();
  redis->Stop();
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(redis->pid(), 0);
  EXPECT_EQ(redis->state().phase, Phase::kStopped);
  EXPECT_FALSE(IsLocked(Options().data_directory + "/redis.lock"));
  EXPECT_EQ(Ask(MustStart(Options())->socket_path(), {"PING"}), "PONG");
}

TEST_F(EmbeddedRedisTest, StopEndsARedisInOrderThatHasJustBeenStarted) {
  const auto redis = MustStart(Options());
  kill(redis->pid(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return redis->state().restarts == 1 && redis->pid() != 0; }));
  redis->Stop(absl::Seconds(60));
  std::ifstream log(Options().data_directory + "/redis.log");
  const std::string words((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  EXPECT_THAT(words, HasSubstr("User requested shutdown"));
  EXPECT_THAT(words, ::testing::Not(HasSubstr("Received SIGTERM")));
}

TEST_F(EmbeddedRedisTest, StopEndsARedisThatDoesNotListen) {
  auto redis = MustStart(Options());
  const int pid = redis->pid();
  kill(pid, SIGSTOP);
  redis->Stop(absl::Milliseconds(200));
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(EmbeddedRedisTest, KeepsTheDataWhenRedisIsKilledAndStartsItAgain) {
  const auto redis = MustStart(Options());
  ASSERT_EQ(Ask(redis->socket_path(), {"SET", "k", "kept"}), "OK");
  const int first = redis->pid();
  kill(first, SIGKILL);
  ASSERT_TRUE(Eventually(
      [&] { return redis->state().restarts == 1 && redis->state().phase == Phase::kRunning; }));
  EXPECT_EQ(Ask(redis->socket_path(), {"GET", "k"}), "kept");
  EXPECT_NE(redis->pid(), first);
  EXPECT_THAT(redis->state().last_error, HasSubstr("was ended by signal 9"));
}

TEST_F(EmbeddedRedisTest, KeepsTheDataWhenTheServiceIsKilled) {
  Holder holder(Options().data_directory);
  ASSERT_EQ(Ask(holder.socket(), {"SET", "k", "kept"}), "OK");
  holder.Kill9();
  EXPECT_EQ(Ask(MustStart(Options())->socket_path(), {"GET", "k"}), "kept");
}

TEST_F(EmbeddedRedisTest, KeepsTheDataWhenBothAreKilled) {
  Holder holder(Options().data_directory);
  ASSERT_EQ(Ask(holder.socket(), {"SET", "k", "kept"}), "OK");
  kill(holder.redis_pid(), SIGKILL);
  holder.Kill9();
  EXPECT_EQ(Ask(MustStart(Options())->socket_path(), {"GET", "k"}), "kept");
}

// Redis itself would keep half of the script's writes, as the beginning of what is written next.
TEST_F(EmbeddedRedisTest, KeepsWhatCameAfterAWriteThatWasCutInTheMiddle) {
  const std::string script =
      "for i = 1, 5 do redis.call('XADD', KEYS[1], i .. '-0', 'e', ARGV[1] .. i) end";
  // A busy machine's Redis may have said that it loads before it found the end cut.
  const auto restarted = [this] {
    auto started = MustStart(Options());
    EXPECT_TRUE(Eventually([&] { return started->state().phase == Phase::kRunning; }));
    return started;
  };
  auto redis = restarted();
  Ask(redis->socket_path(), {"EVAL", script, "1", "log", "cut"});
  redis->Stop();
  const std::string file = Options().data_directory + "/appendonlydir/appendonly.aof.1.incr.aof";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 60);

  redis = restarted();
  ASSERT_EQ(Ask(redis->socket_path(), {"XLEN", "log"}), "0");
  Ask(redis->socket_path(), {"EVAL", script, "1", "log", "kept"});
  const std::string kept = Ask(redis->socket_path(), {"XRANGE", "log", "-", "+"});
  ASSERT_THAT(kept, HasSubstr("kept5"));
  redis->Stop();
  redis = restarted();
  EXPECT_EQ(Ask(redis->socket_path(), {"XRANGE", "log", "-", "+"}), kept);
}

// Four thousand writes, and a redis-server that takes half a millisecond to read each again.
class SlowlyLoadingRedisTest : public EmbeddedRedisTest {
 protected:
  SlowlyLoadingRedisTest() {
    const auto redis = MustStart(Options());
    Ask(redis->socket_path(),
        {"EVAL", "for i = 1, 4000 do redis.call('SET', KEYS[1] .. i, i) end", "1", "k"});
    redis->Stop();
    program_ = directory_.path() + "/slow-redis";
    std::ofstream(program_) << "#!/bin/bash\nexec -a redis-server " << testing::RedisExecutable()
                            << " \"$@\" --key-load-delay 500\n";
    std::filesystem::permissions(program_, std::filesystem::perms::owner_all);
  }
  std::unique_ptr<EmbeddedRedis> StartSlowly() {
    EmbeddedRedis::Options options = Options();
    options.executable = program_;
    return MustStart(std::move(options));
  }

  std::string program_;
};

TEST_F(SlowlyLoadingRedisTest, StartsAtOnceAndTellsHowFarItIs) {
  const auto redis = StartSlowly();
  EXPECT_EQ(redis->state().phase, Phase::kStarting);
  EXPECT_TRUE(Eventually([&] { return redis->state().loaded_percent >= 0; }));
  ASSERT_TRUE(Eventually([&] { return redis->state().phase == Phase::kRunning; }));
  EXPECT_EQ(redis->state().loaded_percent, -1);
  EXPECT_EQ(redis->state().restarts, 0);
  EXPECT_EQ(Ask(redis->socket_path(), {"GET", "k4000"}), "4000");
}

TEST_F(SlowlyLoadingRedisTest, StopsWhileItLoads) {
  const auto redis = StartSlowly();
  const int pid = redis->pid();
  redis->Stop();
  EXPECT_EQ(redis->state().phase, Phase::kStopped);
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(SlowlyLoadingRedisTest, OneThatEndsWhileItLoadsIsStartedAgain) {
  const auto redis = StartSlowly();
  kill(redis->pid(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return redis->state().phase == Phase::kRunning; }));
  EXPECT_EQ(redis->state().restarts, 1);
  EXPECT_EQ(Ask(redis->socket_path(), {"GET", "k4000"}), "4000");
}

TEST_F(EmbeddedRedisTest, RedisEndsWithAKilledService) {
  Holder holder(Options().data_directory);
  holder.Kill9();
  EXPECT_TRUE(Eventually([&] { return !IsLocked(Options().data_directory + "/redis.lock"); }));
}

TEST_F(EmbeddedRedisTest, RefusesADirectoryThatALivingServiceHolds) {
  Holder holder(Options().data_directory);
  EXPECT_THAT(StartError(Options()), AllOf(HasSubstr("held by another service"),
                                           HasSubstr("process " + std::to_string(holder.pid())),
                                           HasSubstr("choose another directory")));
  EXPECT_EQ(Ask(holder.socket(), {"PING"}), "PONG");  // and does it no harm
}

// A Redis that outlived its service: it holds redis.lock, service.lock is free.
class OrphanTest : public EmbeddedRedisTest {
 protected:
  void StartOrphan() {
    const std::string data = Options().data_directory;
    std::filesystem::create_directories(data);
    const int lock = open((data + "/redis.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(flock(lock, LOCK_EX | LOCK_NB), 0);
    auto orphan = ChildProcess::Start(
        {.executable = ::supervision::testing::RedisExecutable(),
         .arguments = {"redis-server", "--dir", data, "--port", "0", "--unixsocket",
                       data + "/redis.sock", "--appendonly", "yes", "--logfile", "orphan.log"},
         .inherited_fd = lock});
    close(lock);
    ASSERT_TRUE(orphan.ok()) << orphan.status();
    orphan_ = *std::move(orphan);
    ASSERT_TRUE(Eventually([&] { return Ask(data + "/redis.sock", {"PING"}) == "PONG"; }));
    ASSERT_EQ(Ask(data + "/redis.sock", {"SET", "k", "of the orphan"}), "OK");
  }
  std::unique_ptr<ChildProcess> orphan_;
};

TEST_F(OrphanTest, IsAskedToEndAndLeavesItsData) {
  ASSERT_NO_FATAL_FAILURE(StartOrphan());
  const auto redis = MustStart(Options());
  EXPECT_TRUE(orphan_->HasEnded());
  EXPECT_EQ(orphan_->HowItEnded(), "exited with status 0");
  EXPECT_EQ(Ask(redis->socket_path(), {"GET", "k"}), "of the orphan");
}

TEST_F(OrphanTest, ThatDoesNotEndKeepsTheDirectory) {
  ASSERT_NO_FATAL_FAILURE(StartOrphan());
  orphan_->Signal(SIGSTOP);
  EmbeddedRedis::Options options = Options();
  options.orphan_timeout = absl::Milliseconds(100);
  EXPECT_THAT(StartError(options),
              AllOf(HasSubstr("still holds redis.data_directory"), HasSubstr("end that process")));
  orphan_->Signal(SIGCONT);
  EXPECT_EQ(Ask(MustStart(Options())->socket_path(), {"GET", "k"}), "of the orphan");
}

TEST_F(EmbeddedRedisTest, NamesAFullDiskAndItsEnd) {
  std::atomic<uint64_t> free = 1000 << 20;
  std::atomic<int> full_told = 0;
  EmbeddedRedis::Options options = Options();
  options.min_free_disk_bytes = 100 << 20;
  options.disk_check_interval = absl::Milliseconds(5);
  options.free_disk_bytes = [&](const std::string&) { return free.load(); };
  options.on_state_change = [&](const EmbeddedState& state) { full_told += state.disk_full; };
  const auto redis = MustStart(options);
  EXPECT_FALSE(redis->state().disk_full);
  free = 99 << 20;
  ASSERT_TRUE(Eventually([&] { return redis->state().disk_full; }));
  EXPECT_TRUE(Eventually([&] { return full_told == 1; })) << "told behind the change, and once";
  kill(redis->pid(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return redis->state().restarts == 1; }));
  EXPECT_THAT(redis->state().last_error, HasSubstr("is full: make at least 112 MiB free"));
  free = 200 << 20;
  EXPECT_TRUE(Eventually([&] { return !redis->state().disk_full; }));
}

TEST_F(EmbeddedRedisTest, DoesNotFlickerAtTheLimitOfFreeDisk) {
  std::atomic<uint64_t> free = 99;
  std::atomic<int> checks = 0;
  EmbeddedRedis::Options options = Options();
  options.min_free_disk_bytes = 100;
  options.disk_check_interval = absl::Milliseconds(1);
  options.free_disk_bytes = [&](const std::string&) { return ++checks, free.load(); };
  const auto redis = MustStart(options);
  ASSERT_TRUE(Eventually([&] { return redis->state().disk_full; }));
  free = 101;
  const int before = checks;
  ASSERT_TRUE(Eventually([&] { return checks > before + 5; }));
  EXPECT_TRUE(redis->state().disk_full);
}

TEST_F(EmbeddedRedisTest, TellsTheStatesOfARestartInOrder) {
  base::Mutex mutex;
  std::vector<Phase> phases;
  EmbeddedRedis::Options options = Options();
  options.on_state_change = [&](const EmbeddedState& state) {
    base::MutexLock lock(&mutex);
    if (phases.empty() || phases.back() != state.phase) phases.push_back(state.phase);
  };
  {
    const auto redis = MustStart(options);
    ASSERT_TRUE(Eventually([&] { return redis->state().phase == Phase::kRunning; }));
    kill(redis->pid(), SIGKILL);
    ASSERT_TRUE(Eventually(
        [&] { return redis->state().restarts == 1 && redis->state().phase == Phase::kRunning; }));
  }
  EXPECT_THAT(phases, ::testing::ElementsAre(Phase::kRunning, Phase::kWaitingToRestart,
                                             Phase::kStarting, Phase::kRunning, Phase::kStopped));
}

TEST_F(EmbeddedRedisTest, SaysThatTheProgramIsMissing) {
  EmbeddedRedis::Options options = Options();
  options.executable = "/nonexistent/redis-server";
  EXPECT_THAT(StartError(options), HasSubstr("/nonexistent/redis-server cannot be executed"));
}

TEST_F(EmbeddedRedisTest, SaysHowAProgramEndedThatDoesNotStart) {
  EmbeddedRedis::Options options = Options();
  options.executable = "/bin/false";
  EXPECT_THAT(StartError(options), HasSubstr("exited with status 1"));
  EXPECT_FALSE(IsLocked(options.data_directory + "/redis.lock"));
}

TEST_F(EmbeddedRedisTest, QuotesRedisOwnWordsWhenItCannotReadItsFile) {
  MustStart(Options())->Stop();
  for (const auto& entry :
       std::filesystem::directory_iterator(Options().data_directory + "/appendonlydir")) {
    if (entry.path().extension() == ".manifest") std::ofstream(entry.path()) << "nonsense\n";
  }
  EXPECT_THAT(StartError(Options()),
              AllOf(HasSubstr("does not start on redis.data_directory " + Options().data_directory),
                    HasSubstr("restore a backup"), HasSubstr("Invalid AOF manifest file format"),
                    ::testing::Not(HasSubstr("WARNING"))));
}

// Two files with twenty writes each: the base, and what came behind it.
class DamagedFileTest : public EmbeddedRedisTest {
 protected:
  DamagedFileTest() {
    const auto redis = MustStart(Options());
    const auto write = [&](const std::string& key) {
      Ask(redis->socket_path(),
          {"EVAL", "for i = 1, 20 do redis.call('SET', KEYS[1] .. i, i) end", "1", key});
    };
    write("base");
    Ask(redis->socket_path(), {"BGREWRITEAOF"});
    EXPECT_TRUE(Eventually([this] { return std::filesystem::exists(File(".2.base.rdb")); }));
    EXPECT_TRUE(Eventually([&] {
      return absl::StrContains(Ask(redis->socket_path(), {"INFO", "persistence"}),
                               "aof_rewrite_in_progress:0");
    }));
    write("behind");
    redis->Stop();
  }
  std::string File(const std::string& end) {
    return Options().data_directory + "/appendonlydir/appendonly.aof" + end;
  }
  // What is told of it: at once, or by the state where Redis had begun to load.
  std::string Complaint() {
    const auto redis = EmbeddedRedis::Start(Options());
    if (!redis.ok()) return std::string(redis.status().message());
    EXPECT_TRUE(Eventually([&] { return !(*redis)->state().last_error.empty(); }));
    return (*redis)->state().last_error;
  }
  static void OverwriteTheMiddle(const std::string& file) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file) / 2));
    bytes << "garbage garbage garbage garbage";
  }
};

TEST_F(DamagedFileTest, GarbageInTheMiddleNamesTheFileAndWhatToDo) {
  OverwriteTheMiddle(File(".2.incr.aof"));
  EXPECT_THAT(Complaint(),
              AllOf(HasSubstr(File(".2.incr.aof") + " is damaged, and not only in its last write"),
                    HasSubstr("copy the directory"), HasSubstr("supervisionctl restore"),
                    HasSubstr("redis-check-aof --fix"), HasSubstr("Bad file format")));
}

TEST_F(DamagedFileTest, ABaseThatEndsTooEarlyIsNamedThoughRedisDoesNot) {
  std::filesystem::resize_file(File(".2.base.rdb"), 100);
  EXPECT_THAT(Complaint(),
              AllOf(HasSubstr(File(".2.base.rdb") + " is damaged"), HasSubstr("restore a backup"),
                    ::testing::Not(HasSubstr("--fix and"))));
}

TEST_F(DamagedFileTest, AFileThatIsMissingIsNamed) {
  std::filesystem::remove(File(".2.incr.aof"));
  EXPECT_THAT(Complaint(), AllOf(HasSubstr(File(".2.incr.aof") + " is missing"),
                                 HasSubstr("copy the directory")));
}

TEST_F(EmbeddedRedisTest, SaysThatTheDirectoryIsAnothers) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::owner_all);
  const std::string path = geteuid() == 0 ? directory_.path() : "/usr/lib";
  EXPECT_EXIT(
      {
        // Root may write everywhere.
        constexpr uid_t kNobody = 65534;
        if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(1);
        const auto locked = DataDirectory::Lock(path + "/data", absl::ZeroDuration());
        std::fprintf(stderr, "%s", std::string(locked.status().message()).c_str());
        _exit(0);
      },
      ::testing::ExitedWithCode(0),
      "redis.data_directory .*/data cannot be made; give it to the user of the service");
}

// As after a start by root, or a copy that root put back.
TEST_F(EmbeddedRedisTest, SaysThatAFileInTheDirectoryIsAnothers) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  constexpr uid_t kNobody = 65534;
  MustStart(Options())->Stop();
  const std::string data = Options().data_directory;
  using std::filesystem::perms;
  std::filesystem::permissions(directory_.path(),
                               perms::owner_all | perms::group_exec | perms::others_exec);
  // Who is not root cannot give away, and is refused what nobody may read.
  for (const char* const file : {"", "/service.lock", "/redis.lock", "/redis.log"}) {
    ASSERT_TRUE(geteuid() != 0 || chown((data + file).c_str(), kNobody, kNobody) == 0) << file;
  }
  if (geteuid() != 0) std::filesystem::permissions(data + "/appendonlydir", perms::none);
  EXPECT_EXIT(
      {
        if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) _exit(1);
        const auto locked = DataDirectory::Lock(data, absl::ZeroDuration());
        std::fprintf(stderr, "%s", std::string(locked.status().message()).c_str());
        _exit(0);
      },
      ::testing::ExitedWithCode(0),
      "redis.data_directory .*/data has .*/appendonlydir of another user.*chown -R --reference=");
  if (geteuid() != 0) std::filesystem::permissions(data + "/appendonlydir", perms::owner_all);
}

TEST_F(EmbeddedRedisTest, SaysThatTheDirectoryIsAFile) {
  std::ofstream(directory_.path() + "/data") << "a file\n";
  EXPECT_THAT(StartError(Options()), HasSubstr("is no directory"));
}

}  // namespace
}  // namespace supervision::redis
