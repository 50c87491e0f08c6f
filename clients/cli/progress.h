#pragma once

#include <string>

#include "absl/time/time.h"
#include "clients/cli/session.h"
#include "clients/cpp/steady_clock.h"

namespace supervision::cli {

// The one line that says how far it is: rewritten in place on a terminal, once in a while
// elsewhere. For one thread at a time.
class Progress {
 public:
  explicit Progress(Session& session);

  // Whether it is time for another line.
  bool Due() const { return client::SteadyNow() - last_ >= every_; }
  void Show(const std::string& line);
  // Makes room for another line.
  void Clear();

 private:
  Session& session_;
  const bool terminal_;
  const absl::Duration every_;
  absl::Time last_;
  bool shown_ = false;
};

}  // namespace supervision::cli
