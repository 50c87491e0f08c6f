#pragma once

#include <string>

#include "clients/cli/language.h"
#include "clients/cpp/error.h"

namespace supervision::cli {

// For whom and about what an error is explained.
struct ExplainOptions {
  Language language = Language::kEnglish;
  bool color = false;
  std::string server;      // address that was called
  std::string request_id;  // of a change whose outcome may be unknown; may be empty
};

// A failed call in words that a person can act on: what is wrong, every mistake in its field, the
// facts, and what to do next. Several lines, the last without its line break.
std::string Explain(const client::Error& error, const ExplainOptions& options);

}  // namespace supervision::cli
