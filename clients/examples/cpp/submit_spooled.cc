// Stores one clue for each line of standard input in a file, and hands them over in the background:
// a line is safe as soon as it is stored, whether the service can be reached or not, and whatever
// happens to this process.
//
//   sample_submit_spooled FILE REGION < LINES
//
// Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.

#include <cstdlib>
#include <iostream>
#include <string>

#include "clients/cpp/submitter.h"

namespace client = supervision::client;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: sample_submit_spooled FILE REGION < LINES\n";
    return 2;
  }
  client::ClientOptions options;
  if (const char* server = std::getenv("SUPERVISION_SERVER")) options.channel.address = server;
  if (const char* token = std::getenv("SUPERVISION_TOKEN")) options.token = token;
  client::Client service(options);

  client::SpoolOptions file;
  file.path = argv[1];
  const auto spool = client::Spool::Open(file);
  if (!spool.ok()) {
    std::cerr << spool.status().message() << '\n';
    return 1;
  }
  client::SubmitterOptions callbacks;
  callbacks.on_receipt = [](const std::string& request_id,
                            const supervision::v1::ClueReceipt& receipt) {
    std::cout << request_id << ' ' << receipt.clue_id() << '\n';
  };
  callbacks.on_refused = [](const std::string& request_id, const absl::Status& error) {
    std::cerr << request_id << " refused: " << client::ErrorOf(error).english << '\n';
  };
  client::Submitter submitter(&service, spool->get(), callbacks);

  for (std::string line; std::getline(std::cin, line);) {
    supervision::v1::StreamCluesRequest clue;
    clue.mutable_clue()->set_title(line);
    clue.mutable_clue()->set_content(line);
    clue.mutable_clue()->set_region_code(argv[2]);
    const auto request_id = submitter.Submit(clue);
    if (!request_id.ok()) {  // for example: the file is full
      std::cerr << request_id.status().message() << '\n';
      return 1;
    }
  }
  // What is not handed over within a minute stays in the file for the next run.
  const absl::Status flushed = submitter.Flush(absl::Minutes(1));
  if (!flushed.ok()) std::cerr << "some clues wait: " << flushed.message() << '\n';
  return 0;
}
