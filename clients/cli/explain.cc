#include "clients/cli/explain.h"

#include "absl/strings/str_format.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

// Facts whose next step is a command.
constexpr char kClueId[] = "clue_id";
constexpr char kEarliest[] = "earliest_cursor";
constexpr char kResume[] = "resume_cursor";

std::string Fact(const client::Error& error, const char* name) {
  const auto found = error.metadata.find(name);
  return found == error.metadata.end() ? "" : Printable(found->second);
}

// What is wrong. Failures without a word of the service are explained here.
std::string Sentence(const client::Error& error, const ExplainOptions& options) {
  const bool chinese = options.language == Language::kChinese;
  if (!error.reason.empty() || !error.chinese.empty()) {
    return Printable(chinese && !error.chinese.empty() ? error.chinese : error.english);
  }
  const std::string said = Printable(error.english);
  switch (error.code) {
    case absl::StatusCode::kUnavailable:
      return chinese
                 ? "无法连接 " + options.server + "；请检查地址（--server）及服务是否在运行（" +
                       said + "）"
                 : "cannot reach " + options.server +
                       "; check the address (--server) and that the service runs (" + said + ")";
    case absl::StatusCode::kDeadlineExceeded:
      return chinese
                 ? options.server +
                       " 未在期限内答复；可用 --timeout 延长（单次尝试占其三分之一，至少 10 秒）"
                 : "no answer from " + options.server +
                       " in time; --timeout gives it longer (an attempt has a third of it, 10 s at "
                       "least)";
    case absl::StatusCode::kUnimplemented:
      return chinese
                 ? options.server + " 没有该方法；它可能是更早的版本或其他服务（" + said + "）"
                 : options.server + " has no such method: an older version, or another service (" +
                       said + ")";
    default:
      return said.empty() ? std::string(absl::StatusCodeToString(error.code)) : said;
  }
}

// What to type next; empty when the sentence says it all.
std::string NextStep(const client::Error& error, const ExplainOptions& options) {
  if (error.code == absl::StatusCode::kUnauthenticated) {
    return "--token-file FILE, SUPERVISION_TOKEN=…";
  }
  const std::string clue = Fact(error, kClueId);
  if (error.reason == "SOURCE_RECORD_EXISTS" && !clue.empty()) {
    return "supervisionctl get " + clue + "; supervisionctl revise " + clue + " …";
  }
  for (const char* const name : {kResume, kEarliest}) {
    const std::string cursor = Fact(error, name);
    if (!cursor.empty()) return "supervisionctl watch --from " + cursor;
  }
  const bool unknown = error.code == absl::StatusCode::kUnavailable ||
                       error.code == absl::StatusCode::kDeadlineExceeded ||
                       error.code == absl::StatusCode::kInternal ||
                       error.code == absl::StatusCode::kUnknown;
  std::string step;
  if (unknown && !options.request_id.empty()) step = "… --request-id " + options.request_id;
  // The service said nothing: what is between here and there, TLS above all, is tried step by step.
  if (error.code == absl::StatusCode::kUnavailable && error.reason.empty()) {
    step += (step.empty() ? "" : "; ") + ("supervisionctl doctor --connect " + options.server);
  }
  return step;
}

}  // namespace

std::string Explain(const client::Error& error, const ExplainOptions& options) {
  const bool chinese = options.language == Language::kChinese;
  std::string text =
      Styled(chinese ? "错误：" : "error: ", Style::kRed, options.color) + Sentence(error, options);
  std::string code(absl::StatusCodeToString(error.code));
  if (!error.reason.empty() && error.reason != code) code = error.reason + ", " + code;
  text += Styled(" [" + code + "]", Style::kDim, options.color);
  for (const auto& violation : error.violations) {
    const std::string description = Printable(PartIn(options.language, violation.description));
    text += "\n  " + (violation.field.empty()
                          ? description
                          : Styled(Printable(violation.field), Style::kBold, options.color) + ": " +
                                description);
  }
  for (const auto& [name, value] : error.metadata) {
    text += "\n  " + Styled(Printable(name), Style::kDim, options.color) + " = " + Printable(value);
  }
  if (error.retry_after.has_value()) {
    const std::string seconds = absl::StrFormat("%g", absl::ToDoubleSeconds(*error.retry_after));
    text += chinese ? "\n  请在 " + seconds + " 秒后重试" : "\n  try again in " + seconds + " s";
  }
  const std::string next = NextStep(error, options);
  if (!next.empty()) text += (chinese ? "\n下一步：" : "\nnext: ") + next;
  return text;
}

}  // namespace supervision::cli
