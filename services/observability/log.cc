#include "services/observability/log.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/observability/log_format.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace supervision::observability {
namespace {

spdlog::level::level_enum ToSpdlog(Logger::Level level) {
  switch (level) {
    case Logger::Level::kDebug:
      return spdlog::level::debug;
    case Logger::Level::kInfo:
      return spdlog::level::info;
    case Logger::Level::kWarning:
      return spdlog::level::warn;
    case Logger::Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

// The lines are ours; spdlog keeps them whole when several threads write, and catches what a sink
// throws.
struct Logger::Sink {
  Sink(Format format, Level level)
      : format(format), logger("", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger.set_pattern("%v");
    logger.set_level(ToSpdlog(level));
    logger.flush_on(spdlog::level::debug);
  }

  void Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    const spdlog::level::level_enum as = ToSpdlog(level);
    if (!logger.should_log(as)) return;
    const std::string line = FormatEvent(format, level, absl::Now(), event, fields);
    logger.log(as, spdlog::string_view_t(line.data(), line.size()));
  }

  const Format format;
  spdlog::logger logger;
};

Logger::Logger(Format format, Level level) : sink_(std::make_unique<Sink>(format, level)) {}
Logger::~Logger() = default;

void Logger::Debug(std::string_view event, std::initializer_list<Field> fields) {
  sink_->Write(Level::kDebug, event, fields);
}
void Logger::Info(std::string_view event, std::initializer_list<Field> fields) {
  sink_->Write(Level::kInfo, event, fields);
}
void Logger::Warning(std::string_view event, std::initializer_list<Field> fields) {
  sink_->Write(Level::kWarning, event, fields);
}
void Logger::Error(std::string_view event, std::initializer_list<Field> fields) {
  sink_->Write(Level::kError, event, fields);
}

Logger* Logger::Null() {
  static Logger* const null = [] {
    auto* const logger = new Logger(Format::kText, Level::kError);
    logger->sink_->logger.set_level(spdlog::level::off);
    return logger;
  }();
  return null;
}

}  // namespace supervision::observability
