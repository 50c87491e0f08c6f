#pragma once

#include "services/config/server_settings.h"
#include "services/redis/client.h"

namespace supervision::server {

// Where the Redis of the settings is and how to enter it; without a place where it is embedded.
redis::Address RedisAddress(const config::ServerSettings::Redis& settings);

}  // namespace supervision::server
