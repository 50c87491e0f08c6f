#include <memory>
#include <string>

#include "clients/cli/commands.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Asks grpc.health.v1, as a load balancer does; needs no token. Exit code 0: SERVING; 3: not serving or
not reachable; 6: no such service.

Examples:
  supervisionctl health
  supervisionctl health supervision.v1.AlertService)";

int CheckHealth(Session& session, const std::string& service) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto health = client->CheckHealth(service, {.timeout = absl::Seconds(5), .retry = false});
  if (!health.ok()) return session.Fail(health.status());
  switch (*health) {
    case client::Health::kServing:
      session.Print("SERVING\n");
      return kOk;
    case client::Health::kServiceUnknown:
      session.Print("SERVICE_UNKNOWN\n");
      return kNotFound;
    case client::Health::kNotServing:
      session.Print("NOT_SERVING\n");
      return kUnavailable;
    case client::Health::kUnknown:
      break;
  }
  session.Print("UNKNOWN\n");
  return kUnavailable;
}

}  // namespace

void AddHealth(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("health", "Ask whether a service is serving");
  const auto service = std::make_shared<std::string>();
  command->add_option("service", *service, "Full name; default: the whole server");
  command->footer(kFooter);
  command->callback([&session, &run, service] {
    run = [&session, service] { return CheckHealth(session, *service); };
  });
}

}  // namespace supervision::cli
