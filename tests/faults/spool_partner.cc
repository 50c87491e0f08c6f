// A partner's process for spool_kill_test, which kills it: spool_partner ADDRESS SPOOL JOURNAL RUN
// COUNT
//
// Stores COUNT clues in the spool while it hands over, and writes each title to the journal once
// its clue is stored. Ends with 0 when the spool is empty, with 1 otherwise.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/cpp/submitter.h"
#include "tests/faults/oracle.h"

int main(int argc, char** argv) {
  namespace client = supervision::client;
  constexpr int kArguments = 6;
  if (argc != kArguments) return 2;
  client::ClientOptions connection;
  connection.channel.address = argv[1];
  connection.token = "example-partner-token";
  client::Client service(connection);
  client::SpoolOptions options;
  options.path = argv[2];
  auto spool = client::Spool::Open(options);
  if (!spool.ok()) {
    std::fprintf(stderr, "%s\n", spool.status().ToString().c_str());
    return 1;
  }
  supervision::faults::Journal journal(argv[3]);
  client::SubmitterOptions handing;
  handing.window = 16;  // so that some wait, some are on their way and some are being written down
  client::Submitter submitter(&service, spool->get(), handing);
  const int count = std::atoi(argv[5]);
  for (int i = 0; i < count; ++i) {
    supervision::v1::StreamCluesRequest clue;
    const std::string title = absl::StrCat("run ", argv[4], " clue ", i);
    clue.mutable_clue()->set_title(title);
    clue.mutable_clue()->set_content("未告知听证权利，夜间强制拆除了房屋。");
    clue.mutable_clue()->set_region_code("330424");
    if (!submitter.Submit(std::move(clue)).ok()) return 1;
    journal.Write(title);
  }
  const absl::Status flushed = submitter.Flush(absl::Seconds(60));
  if (!flushed.ok()) std::fprintf(stderr, "%s\n", flushed.ToString().c_str());
  return flushed.ok() ? 0 : 1;
}
