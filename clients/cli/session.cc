#include "clients/cli/session.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "clients/cli/attempt_limit.h"
#include "clients/cli/explain.h"
#include "clients/cli/names.h"
#include "clients/cpp/steady_clock.h"

namespace supervision::cli {

std::optional<std::string> Session::Token() const {
  if (options_.token_file.empty()) return options_.token;
  std::ifstream file(options_.token_file);
  if (!file.is_open()) return std::nullopt;
  std::string token((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (!client::IsToken(token)) return std::nullopt;
  return token;
}

bool Session::WantsTls() const {
  return options_.tls || !options_.tls_ca.empty() || !options_.tls_certificate.empty() ||
         !options_.tls_key.empty() || !options_.tls_server_name.empty();
}

client::Client* Session::Connect() {
  if (client_ == nullptr) {
    if (!options_.token.empty() && !options_.token_file.empty()) {
      FailUsage(
          {"both SUPERVISION_TOKEN and SUPERVISION_TOKEN_FILE are set, and may be of two "
           "principals; unset one, or say --token-file",
           "同时设置了 SUPERVISION_TOKEN 与 SUPERVISION_TOKEN_FILE，可能属于不同主体；请取消其一，"
           "或使用 --token-file"},
          "");
      return nullptr;
    }
    std::optional<std::string> token = Token();
    if (!token.has_value()) {
      FailUsage({"no token can be read; the file holds one, on one line",
                 "无法读取令牌；文件中应只有一行令牌"},
                options_.token_file);
      return nullptr;
    }
    client::ClientOptions options;
    options.channel.address = options_.server;
    options.token = *std::move(token);
    if (WantsTls()) {
      auto tls = client::ReadTls(options_.tls_ca, options_.tls_certificate, options_.tls_key,
                                 options_.tls_server_name);
      if (!tls.ok()) {
        FailUsage({"TLS", "TLS"}, std::string(tls.status().message()));
        return nullptr;
      }
      options.channel.tls = *std::move(tls);
    }
    options.retry.timeout = absl::Seconds(options_.timeout_seconds);
    options.retry.attempt_timeout =
        AttemptLimit(options.retry.timeout, options.retry.attempt_timeout);
    options.on_retry = [this](const absl::Status& status, absl::Duration delay) {
      NoteRetry(status, delay);
    };
    client_ = std::make_unique<client::Client>(std::move(options));
  }
  return client_.get();
}

std::string Session::SentenceOf(const absl::Status& status) const {
  const client::Error error = client::ErrorOf(status);
  const bool chinese = language() == Language::kChinese && !error.chinese.empty();
  return chinese ? error.chinese : error.english;
}

bool Session::color() const { return UseColor(options_.color, STDOUT_FILENO); }

void Session::Print(const std::string& text) {
  if (!output_open_) return;
  output_open_ =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!output_open_ && errno != EPIPE) output_error_ = errno;
}

int Session::End(int exit_code) const {
  if (exit_code != kOk || output_error_ == 0) return exit_code;
  return FailUsage({"standard output cannot be written", "无法写入标准输出"},
                   std::generic_category().message(output_error_));
}

void Session::Note(const std::string& line) const { std::fprintf(stderr, "%s\n", line.c_str()); }

void Session::NoteRetry(const absl::Status& status, absl::Duration delay) {
  constexpr absl::Duration kQuiet = absl::Seconds(3);
  {
    base::MutexLock lock(&retry_mutex_);
    const absl::Time now = client::SteadyNow();
    if (now < quiet_until_) return;
    quiet_until_ = now + kQuiet;
  }
  const client::Error error = client::ErrorOf(status);
  const bool chinese = language() == Language::kChinese;
  const std::string seconds = absl::StrFormat("%.1f", absl::ToDoubleSeconds(delay));
  const std::string said =
      Printable(chinese && !error.chinese.empty() ? error.chinese : error.english);
  if (status.ok()) {
    Note(chinese ? "服务有序结束了数据流，" + seconds + " 秒后继续"
                 : "the service ended the stream in order; going on in " + seconds + " s");
  } else {
    Note(chinese ? "尚未成功，" + seconds + " 秒后重试：" + said
                 : "no success yet, trying again in " + seconds + " s: " + said);
  }
}

int Session::Fail(const absl::Status& status, const std::string& request_id) {
  const client::Error error = client::ErrorOf(status);
  const bool color = UseColor(options_.color, STDERR_FILENO);
  Note(Explain(error, {language(), color, options_.server, request_id}));
  return ExitCodeOf(error.code);
}

int Session::FailUsage(const Text& text, const std::string& what) const {
  const std::string head = Say({"error: ", "错误："}) + Say(text);
  if (what.find('\n') == std::string::npos) {
    Note(head + (what.empty() ? "" : Say({": ", "："}) + Printable(what)));
    return kUsage;
  }
  Note(head + Say({":", "："}));
  for (const absl::string_view line : absl::StrSplit(what, '\n', absl::SkipEmpty())) {
    Note("  " + Printable({line.data(), line.size()}));
  }
  return kUsage;
}

std::string Session::ScenarioName(v1::Scenario scenario) {
  if (!scenario_names_.has_value()) {
    scenario_names_.emplace();
    client::Client* const client = Connect();
    if (client != nullptr) {
      // Names are a comfort: no waiting for them.
      const auto catalogue = client->ListScenarios({.timeout = absl::Seconds(3), .retry = false});
      if (catalogue.ok()) {
        for (const auto& entry : catalogue->scenarios()) {
          (*scenario_names_)[entry.scenario()] =
              language() == Language::kChinese ? entry.name_zh() : entry.name_en();
        }
      }
    }
  }
  const auto found = scenario_names_->find(scenario);
  return found != scenario_names_->end() && !found->second.empty() ? Printable(found->second)
                                                                   : WordOf(scenario);
}

}  // namespace supervision::cli
