#include "tests/support/redis_calls.h"

#include "services/redis/failure.h"

namespace supervision::testing {

std::string Show(const redis::Reply& reply) {
  using Type = redis::Reply::Type;
  switch (reply.type) {
    case Type::kNil:
      return "(nil)";
    case Type::kInteger:
      return std::to_string(reply.integer);
    case Type::kError:
      return "!" + reply.text;
    case Type::kStatus:
    case Type::kString:
      return reply.text;
    case Type::kArray:
      break;
  }
  std::string shown = "[";
  for (const redis::Reply& element : reply.elements) {
    shown += (shown.size() > 1 ? " " : "") + Show(element);
  }
  return shown + "]";
}

std::string Show(const redis::Result& result) {
  if (result.ok()) return Show(result.reply());
  const redis::Failure& failure = result.failure();
  return "!" + std::string(redis::Row(failure.kind).name) +
         (failure.text.empty() ? "" : ": " + failure.text);
}

}  // namespace supervision::testing
