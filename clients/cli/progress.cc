#include "clients/cli/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "clients/cpp/steady_clock.h"

namespace supervision::cli {

Progress::Progress(Session& session)
    : session_(session),
      terminal_(isatty(STDERR_FILENO) == 1),
      every_(terminal_ ? absl::Milliseconds(200) : absl::Seconds(10)),
      last_(client::SteadyNow()) {}

void Progress::Show(const std::string& line) {
  last_ = client::SteadyNow();
  if (!terminal_) return session_.Note(line);
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  shown_ = true;
}

void Progress::Clear() {
  if (std::exchange(shown_, false)) std::fprintf(stderr, "\r\033[K");
}

}  // namespace supervision::cli
