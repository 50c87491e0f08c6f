#include "clients/cli/top/screen.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "clients/cpp/steady_clock.h"

namespace supervision::cli {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l";
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";
constexpr std::string_view kHome = "\033[H";
constexpr std::string_view kRestOfLine = "\033[K";
constexpr std::string_view kRestOfPage = "\033[J";

// Threads that begin later inherit the mask, so the signals wait for whoever reads the descriptor.
int TakeSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP}) {
    sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

winsize Size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    size.ws_col = 80;
    size.ws_row = 24;
  }
  return size;
}

}  // namespace

std::string Drawn(const Line& line, size_t columns, bool color) {
  std::string text;
  size_t left = columns;
  for (const Span& span : line) {
    if (left == 0) break;
    const std::string shown = Shortened(span.text, left);
    text += Styled(shown, span.style, color);
    left -= std::min(left, WidthOf(shown));
    if (shown != span.text) break;
  }
  return text;
}

Screen::Screen(std::function<void(const std::string&)> print)
    : print_(std::move(print)), signals_(TakeSignals()) {}

Screen::~Screen() {
  Close();
  close(signals_);
}

bool Screen::Possible() {
  const char* const terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

void Screen::Open() {
  if (!std::exchange(open_, true)) Enter();
}

void Screen::Close() {
  if (std::exchange(open_, false)) Leave();
}

void Screen::Enter() {
  termios keyboard{};
  if (isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &keyboard) == 0) {
    keyboard_ = keyboard;
    keyboard.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
    tcsetattr(STDIN_FILENO, TCSANOW, &keyboard);
  }
  print_(std::string(kEnter));
}

void Screen::Leave() {
  print_(std::string(kLeave));
  if (keyboard_.has_value()) tcsetattr(STDIN_FILENO, TCSANOW, &*keyboard_);
  keyboard_.reset();
}

void Screen::Draw(const std::vector<Line>& lines, bool color) {
  const winsize size = Size();
  const size_t shown = std::min<size_t>(lines.size(), size.ws_row);
  std::string page(kHome);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) page += "\n";
    page.append(Drawn(lines[i], size.ws_col, color)).append(kRestOfLine);
  }
  print_(page.append(kRestOfPage));
}

Screen::Event Screen::Wait(absl::Duration time) {
  const absl::Time end = client::SteadyNow() + time;
  while (true) {
    const absl::Duration left = std::max(end - client::SteadyNow(), absl::ZeroDuration());
    pollfd files[] = {{signals_, POLLIN, 0},
                      {keyboard_.has_value() ? STDIN_FILENO : -1, POLLIN, 0}};
    const timespec patience = absl::ToTimespec(left);
    if (ppoll(files, 2, &patience, nullptr) == 0) return Event::kTime;
    if (files[0].revents != 0) return OnSignal();
    if (files[1].revents == 0) continue;
    char key = 0;
    if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q') return Event::kEnd;
  }
}

Screen::Event Screen::OnSignal() {
  signalfd_siginfo signal{};
  if (read(signals_, &signal, sizeof(signal)) != sizeof(signal)) return Event::kTime;
  switch (signal.ssi_signo) {
    case SIGWINCH:
      return Event::kResized;
    case SIGTSTP:
      if (open_) Leave();
      kill(getpid(), SIGSTOP);  // until somebody lets it go on
      if (open_) Enter();
      return Event::kResized;
    default:
      return Event::kEnd;
  }
}

}  // namespace supervision::cli
