#include "tests/support/test_server.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "tests/support/eventually.h"
#include "tests/support/metrics_page.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {
namespace {

[[noreturn]] void Abandon(const std::string& what) {
  std::fprintf(stderr, "test server: %s\n", what.c_str());
  std::abort();
}

bool NamesUser(const std::vector<std::string>& flags) {
  return std::any_of(flags.begin(), flags.end(),
                     [](const std::string& flag) { return flag.rfind("--redis.user", 0) == 0; });
}

config::ServerSettings SettingsOf(const TestServer::Options& options, const std::string& data) {
  config::ServerSources sources;
  sources.file = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml";
  sources.flags = {
      "--listen.grpc=127.0.0.1:0", "--listen.metrics=127.0.0.1:0",
      "--redis.data_directory=" + data + "/d", "--redis.min_free_disk=1MiB",
      // A Redis that is slow here is busy, or stopped by the test for as long as it likes.
      "--redis.command_timeout=60s", "--drain.spread=200ms", "--drain.finish=3s"};
  if (!options.redis.empty()) {
    sources.flags.push_back("--redis.address=" + options.redis);
    if (!NamesUser(options.flags)) {
      for (std::string& flag : ServiceUserFlags(data)) sources.flags.push_back(std::move(flag));
    }
  }
  sources.flags.insert(sources.flags.end(), options.flags.begin(), options.flags.end());
  absl::StatusOr<config::ServerSettings> settings = config::LoadServer(sources);
  if (!settings.ok()) Abandon(settings.status().ToString());
  return *std::move(settings);
}

}  // namespace

TestServer::TestServer() : TestServer(Options()) {}

TestServer::TestServer(Options options) : options_(std::move(options)) { Start(); }

TestServer::~TestServer() = default;

void TestServer::Start() {
  absl::StatusOr<std::unique_ptr<server::Server>> made =
      server::Server::New({.settings = SettingsOf(options_, data_.path()),
                           .log = observability::Logger::Null(),
                           .version = "test"});
  if (!made.ok()) Abandon(made.status().ToString());
  server_ = *std::move(made);
  if (absl::Status started = server_->Start(); !started.ok()) Abandon(started.ToString());
  address_ = server_->grpc_address();
  channel_ = NewChannel();
  if (options_.wait_until_ready) WaitUntilReady();
}

void TestServer::Stop() { server_->Stop(); }

void TestServer::WaitUntilReady() {
  if (Eventually([this] { return server_->ready(); })) return;
  std::string reasons;
  for (const std::string& reason : server_->not_ready_because()) reasons += reason + " ";
  Abandon("not ready: " + reasons);
}

std::shared_ptr<grpc::Channel> TestServer::NewChannel(grpc::ChannelArguments arguments) const {
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
}

std::string TestServer::Metrics() const { return MetricsPage(server_->metrics_address()); }

double TestServer::Metric(const std::string& series) const { return MetricOf(Metrics(), series); }

std::unique_ptr<grpc::ClientContext> Context(const std::string& token,
                                             std::chrono::milliseconds timeout) {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
  context->set_deadline(std::chrono::system_clock::now() + timeout);
  return context;
}

}  // namespace supervision::testing
