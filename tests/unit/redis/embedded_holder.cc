// A process that holds an embedded Redis until its standard input ends, for tests that kill it.
// Usage: redis_embedded_holder DIRECTORY; prints "PID SOCKET" of the Redis when it is ready.
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "services/redis/embedded.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  supervision::redis::EmbeddedRedis::Options options;
  options.data_directory = argv[1];
  const auto redis = supervision::redis::EmbeddedRedis::Start(options);
  if (!redis.ok()) {
    std::cerr << redis.status() << std::endl;
    return 1;
  }
  std::cout << (*redis)->pid() << " " << (*redis)->socket_path() << std::endl;
  char ignored;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  return 0;
}
