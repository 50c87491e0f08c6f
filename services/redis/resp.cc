#include "services/redis/resp.h"

#include <hiredis/read.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::redis {
namespace {

void AppendNumber(size_t number, std::string* out) {
  char digits[20];
  out->append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr - digits);
}

// The reader calls these for each element, depth first and in order. A child is appended to its
// parent's vector, so a header that promises two thousand million elements costs nothing until they
// come; a parent does not move while its children are read, since its own siblings come after it.
Reply* Place(const redisReadTask* task) {
  if (task->parent == nullptr) return new Reply;
  auto* const parent = static_cast<Reply*>(task->parent->obj);
  return &parent->elements.emplace_back();
}

void* CreateString(const redisReadTask* task, char* bytes, size_t size) noexcept {
  Reply* const reply = Place(task);
  reply->type = task->type == REDIS_REPLY_STATUS  ? Reply::Type::kStatus
                : task->type == REDIS_REPLY_ERROR ? Reply::Type::kError
                                                  : Reply::Type::kString;
  reply->text.assign(bytes, size);
  return reply;
}

void* CreateArray(const redisReadTask* task, int elements) noexcept {
  constexpr int kLargestReservation = 1024;
  Reply* const reply = Place(task);
  reply->type = Reply::Type::kArray;
  if (elements > 0) reply->elements.reserve(std::min(elements, kLargestReservation));
  return reply;
}

void* CreateInteger(const redisReadTask* task, long long value) noexcept {
  Reply* const reply = Place(task);
  reply->type = Reply::Type::kInteger;
  reply->integer = value;
  return reply;
}

void* CreateNil(const redisReadTask* task) noexcept { return Place(task); }

// The reader frees only the root, of a reply that it could not finish.
void FreeReply(void* reply) noexcept { delete static_cast<Reply*>(reply); }

redisReplyObjectFunctions kFunctions = {CreateString, CreateArray, CreateInteger, CreateNil,
                                        FreeReply};

}  // namespace

void AppendArrayHeader(size_t elements, std::string* out) {
  out->push_back('*');
  AppendNumber(elements, out);
  out->append("\r\n");
}

void AppendBulk(std::string_view bytes, std::string* out) {
  out->push_back('$');
  AppendNumber(bytes.size(), out);
  out->append("\r\n").append(bytes).append("\r\n");
}

void AppendCommand(const std::vector<std::string>& command, std::string* out) {
  AppendArrayHeader(command.size(), out);
  for (const std::string& argument : command) AppendBulk(argument, out);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&kFunctions)) {
  if (reader_ == nullptr) std::abort();  // only out of memory gets here
}

ReplyReader::~ReplyReader() { redisReaderFree(reader_); }

bool ReplyReader::Feed(std::string_view bytes) {
  return redisReaderFeed(reader_, bytes.data(), bytes.size()) == REDIS_OK;
}

absl::StatusOr<std::optional<Reply>> ReplyReader::Next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_, &raw) != REDIS_OK) {
    return absl::DataLossError(absl::StrCat("not Redis' protocol: ", reader_->errstr));
  }
  if (raw == nullptr) return std::optional<Reply>();
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(raw));
  return std::optional<Reply>(std::move(*reply));
}

}  // namespace supervision::redis
