#pragma once

#include <termios.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {

// A piece of a line in one style.
struct Span {
  std::string text;
  Style style = Style::kPlain;
};
using Line = std::vector<Span>;

// A line cut to `columns`.
std::string Drawn(const Line& line, size_t columns, bool color);

// The terminal as one page that is drawn again and again: on the alternate screen, without cursor
// and echo, until Close gives the terminal back as it was. Whatever ends the program by a signal
// that can be caught ends Wait instead; Ctrl-Z gives the terminal back while the program is
// stopped.
//
// For one thread, made before any other begins.
class Screen {
 public:
  enum class Event { kTime, kResized, kEnd };

  // `print` writes to the terminal.
  explicit Screen(std::function<void(const std::string&)> print);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Whether standard output is a terminal that can be drawn on.
  static bool Possible();

  void Open();
  void Close();  // safe to call twice
  // As many of `lines` as fit.
  void Draw(const std::vector<Line>& lines, bool color);

  // Until the time is over, the size has changed, or somebody wants an end: by a signal or by "q".
  // Works without Open too.
  Event Wait(absl::Duration time);

 private:
  void Enter();
  void Leave();
  Event OnSignal();

  const std::function<void(const std::string&)> print_;
  const int signals_;  // descriptor
  bool open_ = false;
  std::optional<termios> keyboard_;  // as it was
};

}  // namespace supervision::cli
