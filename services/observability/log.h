#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace supervision::observability {

// Events to standard error, as text or JSON: a name and fields, never prose, never a word of a
// clue, a person's name or a token. Info: at most every few seconds. Warning: may heal by itself.
// Error: something was lost or refused.
//
// Thread-safe. Writing never blocks on anything but standard error.
class Logger {
 public:
  struct Field {
    std::string_view name;
    std::variant<std::string_view, int64_t, double, bool> value;
  };
  enum class Format { kText, kJson };
  enum class Level { kDebug, kInfo, kWarning, kError };

  Logger(Format format, Level level);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void Debug(std::string_view event, std::initializer_list<Field> fields = {});
  void Info(std::string_view event, std::initializer_list<Field> fields = {});
  void Warning(std::string_view event, std::initializer_list<Field> fields = {});
  void Error(std::string_view event, std::initializer_list<Field> fields = {});

  // Writes nothing: for tests.
  static Logger* Null();

 private:
  struct Sink;  // spdlog behind it
  std::unique_ptr<Sink> sink_;
};

}  // namespace supervision::observability
