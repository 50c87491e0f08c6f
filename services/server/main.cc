#include <pthread.h>

#include <csignal>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "services/server/command_line.h"
#include "services/server/inputs.h"
#include "services/server/server.h"

namespace supervision::server {
namespace {

using observability::Logger;

constexpr int kCannotServe = 1;  // now; another start may
constexpr int kWrongConfiguration = 2;

int Complain(const absl::Status& status, int exit_code) {
  std::cerr << status.message() << "\n";
  return exit_code;
}

int Run(const CommandLine& command, const sigset_t& signals) {
  absl::StatusOr<config::ServerSettings> settings = config::LoadServer(command.sources);
  if (!settings.ok()) return Complain(settings.status(), kWrongConfiguration);
  if (command.action == CommandLine::Action::kPrintConfig) {
    std::cout << settings->effective;
    return 0;
  }
  for (const std::string& warning : settings->warnings) std::cerr << warning << "\n";
  Logger log(settings->log.json ? Logger::Format::kJson : Logger::Format::kText,
             static_cast<Logger::Level>(settings->log.level));
  auto server = Server::New({.settings = *settings, .log = &log, .version = ProgramVersion()});
  if (!server.ok()) {
    return Complain(server.status(),
                    absl::IsUnavailable(server.status()) ? kCannotServe : kWrongConfiguration);
  }
  if (command.action == CommandLine::Action::kCheckConfig) {
    const absl::Status candidate = CheckCandidate(*settings, absl::Now());
    if (candidate.ok()) {
      std::cout << "The configuration is right.\n";
      return 0;
    }
    return Complain(absl::InvalidArgumentError(absl::StrCat(
                        candidate.message(),
                        "\nThe rest of the configuration is right; the service starts without this "
                        "candidate of shadow, and takes it when it has no mistakes.")),
                    0);
  }
  if (absl::Status started = (*server)->Start(); !started.ok()) {
    return Complain(started, kCannotServe);
  }
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) (*server)->ReloadRules();
  // A second one to end stays pending until the process has ended.
  (*server)->Stop();
  return 0;
}

}  // namespace
}  // namespace supervision::server

int main(int argc, char** argv) {
  // Before the first thread: every thread inherits it, and only sigwait takes these signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // Debian builds Abseil with its check for deadlocks: each of gRPC's locks then passes one lock of
  // the whole process, which keeps a graph of who holds what.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  int exit_code = 0;
  const auto command = supervision::server::ParseCommandLine(argc, argv, &exit_code);
  return command ? supervision::server::Run(*command, signals) : exit_code;
}
