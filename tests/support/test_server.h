#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/channel_arguments.h"
#include "services/server/server.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {

// Tokens of the shipped example principals, with which the test server serves.
inline constexpr char kPartnerToken[] = "example-partner-token";         // hotline-12345
inline constexpr char kOtherPartnerToken[] = "example-partner-2-token";  // petition-office
inline constexpr char kMonitorToken[] = "example-monitor-token";  // sees all but secret texts
inline constexpr char kScopedMonitorToken[] =
    "example-monitor-enforcement-token";                          // ADMIN_ENFORCEMENT in 3304 only
inline constexpr char kHandlerToken[] = "example-handler-token";  // sees all but secret texts
inline constexpr char kPetitionHandlerToken[] =
    "example-handler-petition-token";  // PETITION_DISPUTE in 3304 only
inline constexpr char kReviewerToken[] = "example-reviewer-token";
inline constexpr char kOperatorToken[] = "example-operator-token";

// The whole service in this process, with the shipped configuration, on a free port of 127.0.0.1,
// ready when the constructor returns; it drains and ends with this object. A test cannot go on
// without one: when it does not start, the reason is printed and the process ends.
class TestServer {
 public:
  struct Options {
    // "unix:/path" or "host:port", a RedisServer that is entered as the service's user unless the
    // flags name another; empty: the embedded one.
    std::string redis;
    std::vector<std::string> flags;  // further settings: {"--alerting.max_streams=3"}
    bool wait_until_ready = true;
  };

  TestServer();
  explicit TestServer(Options options);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  const std::string& address() const { return address_; }  // of gRPC
  std::string metrics_address() const { return server_->metrics_address(); }
  const std::string& data_directory() const { return data_.path(); }
  server::Server& server() { return *server_; }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> NewChannel(grpc::ChannelArguments arguments = {}) const;
  // One connection that tests share.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // The text of the metrics page.
  std::string Metrics() const;
  // The value of the line that begins with `series`; -1 when there is none.
  double Metric(const std::string& series) const;

  void WaitUntilReady();
  void Stop();   // drains
  void Start();  // again, on the same data; on another port
  void Restart() { Stop(), Start(); }

 private:
  const Options options_;
  const TempDir data_;
  std::unique_ptr<server::Server> server_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
};

// What a call carries: who calls, and how long it waits.
std::unique_ptr<grpc::ClientContext> Context(
    const std::string& token, std::chrono::milliseconds timeout = std::chrono::seconds(60));

}  // namespace supervision::testing
