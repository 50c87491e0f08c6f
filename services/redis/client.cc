#include "services/redis/client.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "services/base/hex.h"
#include "services/redis/connection.h"
#include "services/redis/resp.h"

namespace supervision::redis {
namespace {

constexpr absl::Duration kLongestTimeout = absl::Hours(24 * 365);

Request::Time DeadlineAfter(absl::Duration timeout) {
  return std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::clamp(timeout, absl::ZeroDuration(), kLongestTimeout));
}

// SHA-1 is the name that Redis gives a script, not a protection.
std::string Sha1Hex(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) std::abort();
  return base::HexEncode({reinterpret_cast<char*>(digest), size});
}

}  // namespace

Script::Script(std::string source) : source_(std::move(source)), sha1_(Sha1Hex(source_)) {}

Client::Client(Loop* loop, Options options)
    : connection_(std::make_shared<Connection>(loop, std::move(options))) {
  connection_->Start();
}

Client::~Client() { Stop(); }
void Client::Stop() { connection_->Stop(); }
void Client::Renew(std::string why) { connection_->Renew(std::move(why)); }
Client::Stats Client::GetStats() const { return connection_->GetStats(); }

void Client::Send(Command command, absl::Duration timeout, Callback callback,
                  ConnectionNumber only_on) {
  std::list<Request> request(1);
  Request& one = request.front();
  AppendCommand(command, &one.bytes);
  one.size = one.bytes.size();
  one.callback = std::move(callback);
  one.deadline = DeadlineAfter(timeout);
  one.only_on = only_on;
  if (command.empty()) {  // Redis would not answer it, and every later answer would be another's
    return connection_->Refuse(std::move(request), FailureKind::kCommand, "an empty command");
  }
  connection_->Enqueue(std::move(request));
}

void Client::SendAll(std::vector<Command> commands, absl::Duration timeout, Callbacks callback,
                     ConnectionNumber only_on) {
  std::list<Request> request(1);
  Request& all = request.front();
  bool empty = commands.empty();
  for (const Command& command : commands) {
    empty = empty || command.empty();
    AppendCommand(command, &all.bytes);
  }
  all.size = all.bytes.size();
  all.expected = commands.size();
  all.callbacks = std::move(callback);
  all.deadline = DeadlineAfter(timeout);
  all.only_on = only_on;
  if (empty) {
    return connection_->Refuse(std::move(request), FailureKind::kCommand, "an empty command");
  }
  connection_->Enqueue(std::move(request));
}

void Client::Run(const Script& script, const std::vector<std::string>& keys,
                 const std::vector<std::string>& arguments, absl::Duration timeout,
                 Callback callback, ConnectionNumber only_on) {
  std::list<Request> request(1);
  Request& run = request.front();
  AppendArrayHeader(3 + keys.size() + arguments.size(), &run.bytes);
  AppendBulk("EVALSHA", &run.bytes);
  AppendBulk(script.sha1(), &run.bytes);
  AppendBulk(std::to_string(keys.size()), &run.bytes);
  for (const std::string& key : keys) AppendBulk(key, &run.bytes);
  for (const std::string& argument : arguments) AppendBulk(argument, &run.bytes);
  run.size = run.bytes.size();
  run.callback = std::move(callback);
  run.script = &script;
  run.deadline = DeadlineAfter(timeout);
  run.only_on = only_on;
  connection_->Enqueue(std::move(request));
}

}  // namespace supervision::redis
