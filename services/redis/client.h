#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/redis/loop.h"
#include "services/redis/reply.h"

namespace supervision::redis {

// One command: name and arguments, each any bytes.
using Command = std::vector<std::string>;

// A Lua script, named by its SHA-1. Immutable; outlives every client that runs it.
class Script {
 public:
  explicit Script(std::string source);
  const std::string& source() const { return source_; }
  const std::string& sha1() const { return sha1_; }  // 40 lower-case hexadecimal digits

 private:
  std::string source_;
  std::string sha1_;
};

// Where a Redis is and how to enter it.
struct Address {
  std::string unix_path;  // or host and port
  std::string host;
  uint16_t port = 6379;
  std::string user;      // ACL user; empty: the default user
  std::string password;  // never logged
  // Asked before each login instead of `password`, on the loop's thread: short. Empty: `password`.
  std::function<std::string()> password_now;
  int database = 0;

  // "unix:/path", "host:port" or "[::1]:port"; a clear error otherwise.
  static absl::StatusOr<Address> Parse(std::string_view text);
  std::string ToString() const;  // without the password
};

// One pipelined connection to one Redis, with reconnect. Callers' commands wait in one bounded
// queue; the loop takes the whole queue at once and writes it as one pipeline.
//
// Thread-safe. Each callback runs exactly once, on the loop's thread, never inside the call that
// took it, never under a lock; a loop that has been stopped runs nothing any more. Commands of one
// client reach Redis in the order of the calls. When the connection breaks every waiting caller is
// answered: kNotSent for what had not been written, kOutcomeUnknown for what had; nothing is ever
// sent a second time by the client itself, except a script that Redis answered with NOSCRIPT (it
// has certainly not run). A command whose deadline passes is answered at once (kNotSent or
// kOutcomeUnknown), and the reply that may still come for it is nobody's: a caller in a hurry costs
// the others nothing. Where none comes for `silence` the connection is renewed, and what has not
// been sent waits for the new one. So the next connection may be the first that a command sees, and
// may lead to another Redis: a caller that has looked at the present one names it (`only_on`), and
// the command fails with kNotSent rather than go on any other.
class Client {
 public:
  // One connection, counted from 1: Stats::connects while it stands.
  using ConnectionNumber = uint64_t;
  static constexpr ConnectionNumber kAnyConnection = 0;
  static constexpr ConnectionNumber kNoConnection = ~ConnectionNumber{0};

  struct Options {
    Address address;
    size_t max_queued_commands = 65536;
    size_t max_queued_bytes = 256 << 20;
    absl::Duration connect_timeout = absl::Seconds(2);
    absl::Duration silence = absl::Seconds(2);  // for a reply to what was sent; see above
    absl::Duration reconnect_initial = absl::Milliseconds(20);
    absl::Duration reconnect_maximum = absl::Seconds(2);
    uint64_t jitter_seed = 0;  // 0: from the system's random source
    std::string name;          // for CLIENT SETNAME, logs and metrics: "commit", "tail", "bulk"
    // Each script is loaded when a connection opens, before anything else is sent.
    std::vector<const Script*> scripts;
    // Asked on each new connection, before anything is sent there that a caller gave, whether that
    // server is the right one; on the loop's thread, and not to call this client. `run_id`: of its
    // process (INFO); empty where the user may not ask. False: the connection is given up and tried
    // again with back-off, and what waits goes on waiting. Empty: any is.
    std::function<bool(const std::string& run_id)> accepts;
    // Called on the loop's thread when the connection is ready (authenticated, database selected,
    // scripts loaded) and when it is lost.
    std::function<void(bool connected)> on_state_change;
  };

  using Callback = std::function<void(Result)>;

  // Starts connecting at once. `loop` outlives the client.
  Client(Loop* loop, Options options);
  ~Client();  // closes; every waiting caller is answered before it returns. Not on the loop's
              // thread.
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends `command`, which is one that Redis answers once (not SUBSCRIBE, MONITOR, CLIENT REPLY,
  // SYNC; an empty one fails with kCommand). With no connection it waits for one until `timeout`,
  // then fails with kNotSent.
  void Send(Command command, absl::Duration timeout, Callback callback,
            ConnectionNumber only_on = kAnyConnection);

  // Sends `commands` next to each other in the pipeline; the results come together, in order. What
  // waits between two of them is nothing: WAIT after a script speaks of that script.
  using Callbacks = std::function<void(std::vector<Result>)>;
  void SendAll(std::vector<Command> commands, absl::Duration timeout, Callbacks callback,
               ConnectionNumber only_on = kAnyConnection);

  // EVALSHA. `script` must be one of Options::scripts.
  void Run(const Script& script, const std::vector<std::string>& keys,
           const std::vector<std::string>& arguments, absl::Duration timeout, Callback callback,
           ConnectionNumber only_on = kAnyConnection);

  struct Stats {
    bool connected = false;
    uint64_t connects = 0;       // since the start: the number of the newest connection
    size_t queued_commands = 0;  // waiting or unanswered
    size_t queued_bytes = 0;
    std::string last_error;  // of the last failed connect or break; no secrets
  };
  Stats GetStats() const;

  // Connects anew at once, to wherever the address leads now: gives up the connection that there
  // is, `why` being what its callers are told, and cuts a wait for the next attempt short.
  void Renew(std::string why);

  // Answers every waiting caller, closes the connection and takes no more commands (kNotSent).
  // Safe to call twice.
  void Stop();

 private:
  std::shared_ptr<class Connection> connection_;
};

}  // namespace supervision::redis
