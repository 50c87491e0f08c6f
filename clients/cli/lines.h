#pragma once

#include <string>

#include "clients/cli/session.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {

// Lines of names and values, aligned; a value that is empty has no line.
class Lines {
 public:
  explicit Lines(Session& session, size_t name_columns = kNameColumns)
      : session_(session), name_columns_(name_columns) {}
  Lines& Add(const Text& name, const std::string& value) {
    if (!value.empty()) {
      text_ += session_.InStyle(Padded(session_.Say(name), name_columns_), Style::kDim) + "  " +
               value + "\n";
    }
    return *this;
  }
  std::string text() const { return text_; }

 private:
  static constexpr size_t kNameColumns = 14;

  Session& session_;
  const size_t name_columns_;
  std::string text_;
};

}  // namespace supervision::cli
