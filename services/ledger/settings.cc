#include "services/ledger/settings.h"

#include <cstdlib>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/redis/info.h"

namespace supervision::ledger {
namespace {

constexpr int kLeastMajorVersion = 7;

using Texts = std::map<std::string, std::string>;

Texts ParseConfig(const redis::Reply& reply) {
  Texts settings;
  for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    settings[reply.elements[i].text] = reply.elements[i + 1].text;
  }
  return settings;
}

int64_t Number(const Texts& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

std::string Text(const Texts& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

// Those that receive the stream of changes; a replica that is still being filled confirms nothing.
int OnlineReplicas(const Texts& info) {
  int online = 0;
  for (int i = 0; info.count("slave" + std::to_string(i)) > 0; ++i) {
    online += Text(info, "slave" + std::to_string(i)).find("state=online") != std::string::npos;
  }
  return online;
}

void JudgeConfig(const Texts& config, RedisSettings* settings) {
  const struct {
    const char* name;
    const char* wanted;
    const char* why;
    bool decides_durability;
  } rules[] = {
      {"appendonly", "yes", "without an append-only file a restart loses what was accepted", true},
      {"appendfsync", "always", "a power cut loses up to seconds of what was accepted", true},
      {"no-appendfsync-on-rewrite", "no", "nothing is synchronised while the file is rewritten",
       true},
      {"aof-load-truncated", "no",
       "after a crash in the middle of a write it keeps half a transaction, and the next start can "
       "lose what was accepted since",
       true},
      {"maxmemory-policy", "noeviction", "when memory is full Redis would delete clues", false},
  };
  for (const auto& rule : rules) {
    const std::string value = Text(config, rule.name);
    if (value == rule.wanted) continue;
    settings->shortfalls.push_back(absl::StrCat("Redis has ", rule.name, " ",
                                                value.empty() ? "unknown" : value, ": ", rule.why,
                                                "; set it to ", rule.wanted, "."));
    if (rule.decides_durability) settings->durable = false;
  }
}

}  // namespace

std::string WhyUnreachable(const std::string& address, const std::string& error) {
  const auto said = [&error](const char* code) { return error.find(code) != std::string::npos; };
  const std::string where = absl::StrCat("The Redis at redis.address ", address);
  if (said("max number of clients")) {
    return absl::StrCat(where,
                        " takes no more connections: raise its maxclients, or end what else is "
                        "connected to it.");
  }
  if (said("NOAUTH")) {
    return absl::StrCat(where,
                        " asks for a password: put it into a file and name that in "
                        "redis.password_file, and its user in redis.user.");
  }
  if (said("WRONGPASS")) {
    return absl::StrCat(where,
                        " does not know this user and password: correct redis.user, or the "
                        "file of redis.password_file, which is read again at each attempt.");
  }
  if (said("AUTH was refused: ERR")) {
    return absl::StrCat(where,
                        " has no passwords: delete redis.password_file, or set the password "
                        "there.");
  }
  if (said("SELECT was refused: ERR")) {
    return absl::StrCat(where,
                        " has no database of the number in redis.database: set one that it has, 0 "
                        "to 15 unless its `databases` says otherwise.");
  }
  if (said("LOADING")) {
    return absl::StrCat(where, " loads its data and will answer when that is done.");
  }
  if (said("leads to another server")) {
    return absl::StrCat(where,
                        " is not the same server on all connections: a failover is under way, or "
                        "the address stands for several; give it that of one primary.");
  }
  if (said("NOPERM")) {
    return absl::StrCat(where, " does not permit its user what the service does (", error,
                        "): give it the rights of deploy/redis/users.acl.");
  }
  return absl::StrCat(where, " cannot be reached: ", error, "; start it, or correct the address.");
}

absl::StatusOr<RedisSettings> JudgeSettings(const redis::Result& info, const redis::Result& config,
                                            const redis::Result& role, int replicas_wanted) {
  if (!info.ok()) return info.failure().ToStatus();
  const Texts fields = redis::ParseInfo(info.reply().text);
  RedisSettings settings;
  settings.version = Text(fields, "redis_version");
  settings.run_id = Text(fields, "run_id");
  settings.used_memory_bytes = Number(fields, "used_memory");
  settings.max_memory_bytes = Number(fields, "maxmemory");
  settings.connected_replicas = OnlineReplicas(fields);
  settings.primary = role.ok() && !role.reply().elements.empty()
                         ? role.reply().elements[0].text == "master"
                         : Text(fields, "role") == "master";
  settings.durable = true;

  if (std::atoi(settings.version.c_str()) < kLeastMajorVersion) {
    settings.obstacles.push_back(absl::StrCat("The Redis at redis.address has version ",
                                              settings.version,
                                              ", which is too old; install 7.0 or newer."));
  }
  if (!settings.primary) {
    settings.obstacles.push_back(
        "The Redis at redis.address is a replica and takes no changes; give the address of its "
        "primary.");
  }
  // A replica that was promoted keeps the old primary's id as its second one, all zeros before.
  const std::string second = Text(fields, "master_replid2");
  if (second.find_first_not_of('0') != std::string::npos) settings.promotion = second;

  if (config.ok()) {
    JudgeConfig(ParseConfig(config.reply()), &settings);
  } else {
    settings.durable = false;
    settings.shortfalls.push_back(
        Text(fields, "aof_enabled") == "1"
            ? "Redis does not permit CONFIG GET, so appendfsync, no-appendfsync-on-rewrite and "
              "maxmemory-policy cannot be checked; grant the user +config|get."
            : "Redis has appendonly no (CONFIG GET is not permitted, INFO says so); set it to yes "
              "and grant the user +config|get.");
  }
  const std::string last_write = Text(fields, "aof_last_write_status");
  if (!last_write.empty() && last_write != "ok") {
    settings.durable = false;
    settings.shortfalls.push_back(
        "Redis could not write its append-only file last time; look at its disk.");
  }
  if (settings.connected_replicas < replicas_wanted) {
    settings.enough_replicas = false;
    settings.shortfalls.push_back(
        absl::StrCat(replicas_wanted, " replicas are asked for and ", settings.connected_replicas,
                     " are connected; start the others or lower ledger.replicas."));
  }
  return settings;
}

void ReadSettings(redis::Client* client, int replicas_wanted, absl::Duration timeout,
                  std::function<void(absl::StatusOr<RedisSettings>)> callback) {
  client->SendAll({{"INFO", "default"},
                   {"CONFIG", "GET", "appendonly", "appendfsync", "no-appendfsync-on-rewrite",
                    "aof-load-truncated", "maxmemory-policy"},
                   {"ROLE"}},
                  timeout, [replicas_wanted, callback](const std::vector<redis::Result>& results) {
                    callback(JudgeSettings(results[0], results[1], results[2], replicas_wanted));
                  });
}

}  // namespace supervision::ledger
