#include "services/redis/embedded.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/backoff.h"
#include "services/base/hash.h"
#include "services/base/mutex.h"
#include "services/redis/append_only_file.h"
#include "services/redis/blocking_call.h"
#include "services/redis/child_process.h"
#include "services/redis/data_directory.h"
#include "services/redis/program.h"

namespace supervision::redis {
namespace {

constexpr char kLog[] = "redis.log";
constexpr off_t kLargestLog = 4 << 20;  // then it is put aside when Redis starts
constexpr size_t kLastWordsBytes = 600;
constexpr int kLastWordsLines = 4;

constexpr absl::Duration kAskAgain = absl::Milliseconds(10);  // while it starts or ends
constexpr absl::Duration kPingTimeout = absl::Seconds(1);
constexpr absl::Duration kWithoutPidfd = absl::Milliseconds(50);  // between two looks at the child
constexpr absl::Duration kRanWell = absl::Seconds(10);            // then back-off begins anew

// By a clock that nobody sets: a step of the other would hold up a restart, or a look at the disk.
absl::Time Now() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

std::vector<std::string> Arguments(const DataDirectory& directory, uint64_t max_memory_bytes) {
  return {"redis-server",  // also tells Debian's redis-check-rdb which of its programs to be
          "--dir", directory.path(), "--port", "0", "--unixsocket", directory.socket_path(),
          "--unixsocketperm", "600", "--protected-mode", "yes", "--daemonize", "no", "--logfile",
          kLog, "--loglevel", "notice",
          // Durable before answered.
          "--appendonly", "yes", "--appendfsync", "always", "--no-appendfsync-on-rewrite", "no",
          // What it leaves when it is killed in the middle of a write is for CutUnfinishedWrite.
          "--aof-load-truncated", "no", "--aof-use-rdb-preamble", "yes",
          // A rewrite takes a core for its time, so it waits until the file is worth it: a start
          // replays 256 MB in about 3 s. Compressing would be a third of that time.
          "--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "256mb",
          "--rdbcompression", "no", "--save", "", "--stop-writes-on-bgsave-error", "yes",
          // A clue's few fields lie in one piece: a tenth less memory than a table of them.
          "--hash-max-listpack-value", "8192",
          // A backup reads as a replica does; no other is waited for.
          "--repl-diskless-sync-delay", "0", "--maxmemory-policy", "noeviction", "--maxmemory",
          absl::StrCat(max_memory_bytes)};
}

}  // namespace

// Owns the directory's locks, the child, and the one thread that starts, watches and ends it.
class EmbeddedRedis::Keeper {
 public:
  Keeper(Options options, std::string executable, std::unique_ptr<DataDirectory> directory)
      : options_(std::move(options)),
        executable_(std::move(executable)),
        directory_(std::move(directory)),
        stop_fd_(eventfd(0, EFD_CLOEXEC)) {
    if (!options_.free_disk_bytes) options_.free_disk_bytes = FreeBytes;
  }
  ~Keeper() { close(stop_fd_); }

  absl::Status Start() ABSL_LOCKS_EXCLUDED(mutex_);
  void Stop(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

  std::string socket_path() const { return directory_->socket_path(); }
  int pid() const { return pid_; }
  EmbeddedState state() const ABSL_LOCKS_EXCLUDED(mutex_) {
    base::MutexLock lock(&mutex_);
    return state_;
  }

 private:
  enum class Event { kTime, kChildEnded, kStop };

  // All on the keeper's thread.
  void Main();
  absl::Status Launch();
  absl::Status LaunchOnce();
  absl::Status WaitUntilReady();
  bool TellFirstStart(const absl::Status& outcome) ABSL_LOCKS_EXCLUDED(mutex_);
  void NoteLoading();
  Event Wait(absl::Duration longest);
  void EndChild();
  void CheckDisk();
  void OpenLog();
  void NoteInLog(const std::string& line) const;
  std::string LastWords() const;
  absl::Status WhyItEnded(bool while_starting) const;
  template <typename Change>
  void ChangeState(Change change) ABSL_LOCKS_EXCLUDED(mutex_);

  Options options_;
  const std::string executable_;
  std::unique_ptr<DataDirectory> directory_;
  const int stop_fd_;  // readable once Stop() was called
  std::thread thread_;
  std::atomic<int> pid_ = 0;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  EmbeddedState state_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> first_start_ ABSL_GUARDED_BY(mutex_);
  absl::Duration stop_timeout_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  // Only on the keeper's thread.
  std::unique_ptr<ChildProcess> child_;
  int log_fd_ = -1;
  off_t log_start_ = 0;  // where the log of this child begins
  bool disk_full_ = false;
  absl::Time next_disk_check_ = absl::InfinitePast();
};

absl::Status EmbeddedRedis::Keeper::Start() {
  thread_ = std::thread([this] { Main(); });
  base::MutexLock lock(&mutex_);
  while (!first_start_.has_value()) changed_.Wait(&mutex_);
  return *first_start_;
}

void EmbeddedRedis::Keeper::Stop(absl::Duration timeout) {
  {
    base::MutexLock lock(&mutex_);
    if (stopping_) {
      while (!stopped_) changed_.Wait(&mutex_);
      return;
    }
    stopping_ = true;
    stop_timeout_ = timeout;
  }
  const uint64_t one = 1;
  if (write(stop_fd_, &one, sizeof(one)) != sizeof(one)) std::abort();  // an eventfd takes it
  if (thread_.joinable()) thread_.join();
  directory_.reset();
  base::MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.SignalAll();
}

void EmbeddedRedis::Keeper::Main() {
  uint64_t seed;
  std::memcpy(&seed, base::RandomBytes(sizeof(seed)).data(), sizeof(seed));
  base::Backoff backoff({.initial = absl::Milliseconds(200), .maximum = absl::Seconds(5)}, seed);
  while (true) {
    absl::Status outcome = Launch();
    const absl::Time started = Now();
    const bool refused = TellFirstStart(outcome) && !outcome.ok();
    if (outcome.ok()) {
      ChangeState([](EmbeddedState& state) {
        state.phase = EmbeddedState::Phase::kRunning;
        state.loaded_percent = -1;
      });
      Event event = Event::kTime;
      while (event == Event::kTime) event = Wait(absl::InfiniteDuration());
      if (event == Event::kStop) break;
      if (Now() - started > kRanWell) backoff.Reset();
      outcome = WhyItEnded(/*while_starting=*/false);
    } else if (refused || absl::IsCancelled(outcome)) {
      break;
    }
    child_.reset();
    pid_ = 0;
    ChangeState([&](EmbeddedState& state) {
      state.phase = EmbeddedState::Phase::kWaitingToRestart;
      state.loaded_percent = -1;
      state.last_error = std::string(outcome.message());
    });
    if (Wait(backoff.Next()) == Event::kStop) break;
    ChangeState([](EmbeddedState& state) {
      state.phase = EmbeddedState::Phase::kStarting;
      ++state.restarts;
    });
  }
  EndChild();
  if (log_fd_ >= 0) close(log_fd_);
  ChangeState([](EmbeddedState& state) {
    state.phase = EmbeddedState::Phase::kStopped;
    state.loaded_percent = -1;
  });
}

// A file that ends in the middle of a write is mended, and told of in the log of Redis.
absl::Status EmbeddedRedis::Keeper::Launch() {
  absl::Status outcome = LaunchOnce();
  if (outcome.ok() || child_ == nullptr || !child_->HasEnded() || !EndsInTheMiddle(LastWords())) {
    return outcome;
  }
  const absl::StatusOr<uint64_t> cut = CutUnfinishedWrite(executable_, directory_->path());
  if (!cut.ok()) return cut.status();
  NoteInLog(absl::StrCat("supervisiond took ", *cut,
                         " bytes of an unfinished write, which nobody had been told of, off the "
                         "end of the append-only file\n"));
  return LaunchOnce();
}

absl::Status EmbeddedRedis::Keeper::LaunchOnce() {
  CheckDisk();
  OpenLog();
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      ChildProcess::Start({.executable = executable_,
                           .arguments = Arguments(*directory_, options_.max_memory_bytes),
                           .inherited_fd = directory_->redis_lock(),
                           .output_fd = log_fd_});
  if (!child.ok()) return child.status();
  child_ = *std::move(child);
  pid_ = child_->pid();
  directory_->NoteRedis(child_->pid());
  return WaitUntilReady();
}

absl::Status EmbeddedRedis::Keeper::WaitUntilReady() {
  absl::Time deadline = Now() + options_.start_timeout;
  while (Now() < deadline) {
    if (child_->HasEnded()) return WhyItEnded(/*while_starting=*/true);
    const absl::StatusOr<Reply> pong =
        CallAndWait(directory_->socket_path(), {"PING"}, kPingTimeout);
    if (pong.ok()) {
      if (!pong->is_error()) return absl::OkStatus();
      TellFirstStart(absl::OkStatus());
      NoteLoading();  // it is at work
      deadline = Now() + options_.start_timeout;
    }
    if (Wait(kAskAgain) == Event::kStop) return absl::CancelledError("stopped while it started");
  }
  return absl::DeadlineExceededError(absl::StrCat("redis-server did not answer within ",
                                                  absl::FormatDuration(options_.start_timeout),
                                                  "; its log is ", directory_->path(), "/", kLog));
}

// What became of the first start; false when that has been told already.
bool EmbeddedRedis::Keeper::TellFirstStart(const absl::Status& outcome) {
  base::MutexLock lock(&mutex_);
  if (first_start_.has_value()) return false;
  first_start_ = outcome;
  changed_.SignalAll();
  return true;
}

void EmbeddedRedis::Keeper::NoteLoading() {
  constexpr std::string_view kMark = "loading_loaded_perc:";
  const absl::StatusOr<Reply> info =
      CallAndWait(directory_->socket_path(), {"INFO", "persistence"}, kPingTimeout);
  const size_t at = info.ok() ? info->text.find(kMark) : std::string::npos;
  if (at == std::string::npos) return;
  const int percent = std::clamp(std::atoi(info->text.c_str() + at + kMark.size()), 0, 100);
  ChangeState([percent](EmbeddedState& state) { state.loaded_percent = percent; });
}

EmbeddedRedis::Keeper::Event EmbeddedRedis::Keeper::Wait(absl::Duration longest) {
  const absl::Time end = Now() + longest;
  while (true) {
    CheckDisk();
    if (child_ != nullptr && child_->HasEnded()) return Event::kChildEnded;
    absl::Duration pause = std::min(end, next_disk_check_) - Now();
    const bool has_pidfd = child_ != nullptr && child_->ended_fd() >= 0;
    if (child_ != nullptr && !has_pidfd) pause = std::min(pause, kWithoutPidfd);
    pollfd waits[] = {{stop_fd_, POLLIN, 0}, {has_pidfd ? child_->ended_fd() : -1, POLLIN, 0}};
    const int64_t milliseconds =
        absl::ToInt64Milliseconds(absl::Ceil(pause, absl::Milliseconds(1)));
    poll(waits, 2, static_cast<int>(std::clamp<int64_t>(milliseconds, 0, 60'000)));
    if (waits[0].revents != 0) return Event::kStop;
    if (Now() >= end) return Event::kTime;
  }
}

// SHUTDOWN lets it end in order; the append-only file is complete whatever happens here.
void EmbeddedRedis::Keeper::EndChild() {
  if (child_ == nullptr) return;
  absl::Duration timeout;
  {
    base::MutexLock lock(&mutex_);
    timeout = stop_timeout_;
  }
  const absl::Time terminate = Now() + timeout / 2;
  const absl::Time kill = Now() + timeout * 3 / 4;
  // Again and again: while it starts there is no socket yet.
  while (!child_->HasEnded() && Now() < terminate) {
    CallAndWait(directory_->socket_path(), {"SHUTDOWN", "NOSAVE"}, terminate - Now()).IgnoreError();
    absl::SleepFor(kAskAgain);
  }
  child_->Signal(SIGTERM);
  while (!child_->HasEnded() && Now() < kill) absl::SleepFor(kAskAgain);
  child_.reset();  // SIGKILL where it still lives
  pid_ = 0;
}

void EmbeddedRedis::Keeper::CheckDisk() {
  if (Now() < next_disk_check_) return;
  next_disk_check_ = Now() + options_.disk_check_interval;
  const uint64_t limit = options_.min_free_disk_bytes;
  const uint64_t needed = disk_full_ ? FreeAgainBytes(limit) : limit;
  disk_full_ = options_.free_disk_bytes(directory_->path()) < needed;
  ChangeState([this](EmbeddedState& state) { state.disk_full = disk_full_; });
}

void EmbeddedRedis::Keeper::OpenLog() {
  const std::string path = absl::StrCat(directory_->path(), "/", kLog);
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0 && info.st_size > kLargestLog) {
    rename(path.c_str(), absl::StrCat(path, ".1").c_str());
    info.st_size = 0;
  }
  log_start_ = info.st_size;
  if (log_fd_ >= 0) close(log_fd_);
  log_fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

void EmbeddedRedis::Keeper::NoteInLog(const std::string& line) const {
  // Only for who reads the log later: a failure is no reason to stop.
  if (write(log_fd_, line.data(), line.size()) < 0) return;
}

std::string EmbeddedRedis::Keeper::LastWords() const {
  std::ifstream log(absl::StrCat(directory_->path(), "/", kLog));
  log.seekg(0, std::ios::end);
  const auto end = static_cast<off_t>(log.tellg());
  log.seekg(std::max(log_start_, end - static_cast<off_t>(kLastWordsBytes)));
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    // What Redis would have set otherwise on this machine is no reason to end.
    if (!line.empty() && line.find(" # WARNING ") == std::string::npos) {
      lines.push_back(std::move(line));
    }
  }
  std::string words;
  for (size_t i = lines.size() - std::min<size_t>(lines.size(), kLastWordsLines); i < lines.size();
       ++i) {
    absl::StrAppend(&words, words.empty() ? "" : " | ", lines[i]);
  }
  return words;
}

absl::Status EmbeddedRedis::Keeper::WhyItEnded(bool while_starting) const {
  std::string why = absl::StrCat("redis-server ", child_->HowItEnded());
  if (disk_full_) {
    absl::StrAppend(&why, "; the disk of redis.data_directory ", directory_->path(),
                    " is full: make at least ", FreeAgainBytes(options_.min_free_disk_bytes) >> 20,
                    " MiB free");
  }
  const std::string words = LastWords();
  if (const std::string file = WhyUnreadable(words, directory_->path()); !file.empty()) {
    absl::StrAppend(&why, "; ", file);
  } else if (while_starting && !disk_full_) {
    absl::StrAppend(&why, " and does not start on redis.data_directory ", directory_->path(),
                    "; correct what it says here and in ", kLog,
                    " there, or restore a backup (supervisionctl restore)");
  }
  if (!words.empty()) absl::StrAppend(&why, ": ", words);
  return absl::UnavailableError(why);
}

template <typename Change>
void EmbeddedRedis::Keeper::ChangeState(Change change) {
  EmbeddedState state;
  {
    base::MutexLock lock(&mutex_);
    const EmbeddedState before = state_;
    change(state_);
    if (state_ == before) return;
    state = state_;
  }
  if (options_.on_state_change) options_.on_state_change(state);
}

absl::StatusOr<std::unique_ptr<EmbeddedRedis>> EmbeddedRedis::Start(Options options) {
  absl::StatusOr<std::string> executable = FindRedisServer(options.executable);
  if (!executable.ok()) return executable.status();
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
      DataDirectory::Lock(options.data_directory, options.orphan_timeout);
  if (!directory.ok()) return directory.status();
  std::unique_ptr<EmbeddedRedis> embedded(new EmbeddedRedis(
      std::make_unique<Keeper>(std::move(options), *std::move(executable), *std::move(directory))));
  if (const absl::Status started = embedded->keeper_->Start(); !started.ok()) return started;
  return embedded;
}

EmbeddedRedis::EmbeddedRedis(std::unique_ptr<Keeper> keeper)
    : socket_path_(keeper->socket_path()), keeper_(std::move(keeper)) {}
EmbeddedRedis::~EmbeddedRedis() { Stop(); }
std::string EmbeddedRedis::socket_path() const { return socket_path_; }
int EmbeddedRedis::pid() const { return keeper_->pid(); }
EmbeddedState EmbeddedRedis::state() const { return keeper_->state(); }
void EmbeddedRedis::Stop(absl::Duration timeout) { keeper_->Stop(timeout); }

}  // namespace supervision::redis
