// Submits one clue and waits for its receipt, repeating the call while the service is away.
//
//   sample_submit TITLE CONTENT REGION [REQUEST-ID]
//
// Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.

#include <cstdlib>
#include <iostream>

#include "clients/cpp/client.h"
#include "clients/cpp/request_id.h"

namespace client = supervision::client;

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: sample_submit TITLE CONTENT REGION [REQUEST-ID]\n";
    return 2;
  }
  client::ClientOptions options;
  if (const char* server = std::getenv("SUPERVISION_SERVER")) options.channel.address = server;
  if (const char* token = std::getenv("SUPERVISION_TOKEN")) options.token = token;
  client::Client service(options);

  supervision::v1::SubmitClueRequest request;
  // A real partner keeps it beside its record before the first call, so that it can always ask
  // again.
  request.set_request_id(argc > 4 ? argv[4] : client::NewRequestId());
  request.mutable_clue()->set_title(argv[1]);
  request.mutable_clue()->set_content(argv[2]);
  request.mutable_clue()->set_region_code(argv[3]);

  const auto response = service.Submit(request);
  if (!response.ok()) {
    const client::Error error = client::ErrorOf(response.status());
    std::cerr << error.reason << ": " << error.english << '\n' << error.chinese << '\n';
    for (const auto& violation : error.violations) {
      std::cerr << "  " << violation.field << ": " << violation.description << '\n';
    }
    return 1;
  }
  std::cout << response->receipt().clue_id() << '\n';
  return 0;
}
