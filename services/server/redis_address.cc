#include "services/server/redis_address.h"

#include <utility>

namespace supervision::server {

redis::Address RedisAddress(const config::ServerSettings::Redis& settings) {
  using Kind = config::ServerSettings::Redis::Kind;
  redis::Address address;
  if (settings.kind == Kind::kUnix) address.unix_path = settings.path;
  if (settings.kind == Kind::kTcp) {
    address.host = settings.host;
    address.port = static_cast<uint16_t>(settings.port);
  }
  address.user = settings.user;
  address.password = settings.password;
  if (!settings.password_file.empty()) {
    // A changed password needs no restart: the next login has it. While the file cannot be read
    // (it is just being exchanged) the last one counts. Each connection has its own copy of this.
    address.password_now = [file = settings.password_file, last = settings.password]() mutable {
      absl::StatusOr<std::string> now = config::ReadPassword(file);
      if (now.ok()) last = *std::move(now);
      return last;
    };
  }
  address.database = settings.database;
  return address;
}

}  // namespace supervision::server
