#include "services/redis/child_process.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace supervision::redis {
namespace {

// All that the child reads between vfork and exec, made beforehand: there it may neither allocate
// nor lock, since it borrows this process' memory and the other threads go on.
struct Plan {
  const char* executable;
  char* const* arguments;
  int inherited_fd;
  int output_fd;
  int input_fd;
  pid_t parent;
};

// posix_spawn would be the usual way, but it has no place for PR_SET_PDEATHSIG, which a program can
// only set for itself: it would take a second program between the two. So this does what
// posix_spawn does within (vfork, system calls only, exec), with that one call more. fork would
// copy the page tables of the whole service at each restart.
[[gnu::noinline]] pid_t VforkAndExec(const Plan& plan) {
  const pid_t pid = vfork();
  if (pid != 0) return pid;
  // Asks to end properly; what does not hear it is an orphan, which the next service waits for.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != plan.parent) _exit(127);  // the parent ended before the line above
  setsid();                                  // Ctrl-C in the terminal is for the service alone
  umask(S_IRWXG | S_IRWXO);
  dup2(plan.input_fd, STDIN_FILENO);
  dup2(plan.output_fd, STDOUT_FILENO);
  dup2(plan.output_fd, STDERR_FILENO);
  fcntl(plan.inherited_fd, F_SETFD, 0);  // not FD_CLOEXEC; the parent's table is another one
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(plan.executable, plan.arguments);
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const Program& program) {
  std::vector<std::string> words = program.arguments;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int input_fd = program.input_fd >= 0 ? program.input_fd : null_fd;
  const Plan plan = {program.executable.c_str(), arguments.data(), program.inherited_fd,
                     program.output_fd,          input_fd,         getpid()};
  // No handler of this process may run in the child while it borrows the memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = VforkAndExec(plan);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(null_fd);
  if (pid < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start ", program.executable, ": ", std::strerror(error)));
  }
  const int ended_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, ended_fd));
}

ChildProcess::~ChildProcess() {
  if (!HasEnded()) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
  }
  if (ended_fd_ >= 0) close(ended_fd_);
}

bool ChildProcess::HasEnded() {
  if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) != 0;
  return ended_;
}

void ChildProcess::Signal(int signal) {
  if (!ended_) kill(pid_, signal);
}

std::string ChildProcess::HowItEnded() const {
  if (WIFSIGNALED(status_)) return absl::StrCat("was ended by signal ", WTERMSIG(status_));
  return absl::StrCat("exited with status ", WEXITSTATUS(status_));
}

}  // namespace supervision::redis
