#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/language.h"
#include "clients/cli/terminal.h"
#include "clients/cpp/client.h"
#include "services/base/mutex.h"

namespace supervision::cli {

// The options before any command.
struct GlobalOptions {
  std::string server = "127.0.0.1:50051";
  std::string token;
  std::string token_file;
  bool tls = false;  // also when one of the following is given
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_server_name;
  double timeout_seconds = 30;
  std::optional<Language> language;  // none: of the environment
  ColorMode color = ColorMode::kAuto;
};

// What every command works with: the client, the language, where and how it prints. Results go to
// standard output, everything else to standard error. For one thread.
class Session {
 public:
  GlobalOptions& options() { return options_; }
  const std::string& server() const { return options_.server; }

  // Made at the first call. Null when the token file cannot be read, which has been said then.
  client::Client* Connect();

  Language language() const { return options_.language.value_or(LanguageOfEnvironment()); }
  std::string Say(const Text& text) const { return text.In(language()); }
  // The sentence of an error; in English where it has no Chinese one.
  std::string SentenceOf(const absl::Status& status) const;
  // Whether standard output has colours.
  bool color() const;
  std::string InStyle(std::string_view text, Style style) const {
    return Styled(text, style, color());
  }

  // Prints to standard output; what the reader cannot be told any more is dropped, see End.
  void Print(const std::string& text);
  // Whether somebody still reads standard output.
  bool OutputOpen() const { return output_open_; }
  // The exit code of a run that ended with `exit_code`: where that is kOk and the result could not
  // be written, this is said and is kUsage. A reader that has read enough (`| head`) is no error.
  int End(int exit_code) const;
  // A line on standard error.
  void Note(const std::string& line) const;

  // Says why something is tried again after `delay`; an OK status: the service ended a stream. Said
  // once in a while, however often it is tried.
  void NoteRetry(const absl::Status& status, absl::Duration delay);

  // Explains a failed call on standard error; its exit code. `request_id`: of a change whose
  // outcome may be unknown.
  int Fail(const absl::Status& status, const std::string& request_id = "");
  // Says that the command line or a local file is wrong; each line of `what` on one of its own
  // where there are several.
  int FailUsage(const Text& text, const std::string& what = "") const;

  // The name of a scenario in the language of the session; its word when the service does not say.
  std::string ScenarioName(v1::Scenario scenario);

  // The token of the options or of the file; nothing when that cannot be read.
  std::optional<std::string> Token() const;
  // Whether the options ask for TLS.
  bool WantsTls() const;

 private:
  GlobalOptions options_;
  std::unique_ptr<client::Client> client_;
  bool output_open_ = true;
  int output_error_ = 0;     // errno of what ended it, unless its reader did
  base::Mutex retry_mutex_;  // several threads may call the client
  absl::Time quiet_until_ ABSL_GUARDED_BY(retry_mutex_) = absl::InfinitePast();
  std::optional<std::map<int, std::string>> scenario_names_;
};

}  // namespace supervision::cli
