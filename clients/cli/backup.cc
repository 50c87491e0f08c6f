#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "services/backup/backup.h"

namespace supervision::cli {
namespace {

constexpr char kBackupFooter[] =
    R"(Runs on the machine of the service, as its user, while it serves. Everything that was acknowledged
before the command began is in the file; what comes later is not. The file holds the texts of all
clues: keep it as carefully as the data. With a Redis of your own (redis.address is not embedded),
back that up by its own means.

Examples:
  supervisionctl backup --data /var/lib/supervision /backup/ledger-$(date +%F).rdb)";

constexpr char kRestoreFooter[] =
    R"(Runs while the service is stopped. The data that is there is refused, or with --replace put aside,
never removed. At its next start the service opens a new epoch: a monitor whose place lies behind the
backup is told so, and everyone else goes on without noticing. Partners whose answers came after the
backup submit again: what the backup has is answered as before, and nothing is counted twice.

Examples:
  supervisionctl restore --data /var/lib/supervision --replace /backup/ledger-2025-03-12.rdb)";

struct Options {
  std::string data;
  std::string file;
  bool replace = false;
};

int Fail(Session& session, const absl::Status& status) {
  session.Note(std::string(status.message()));
  return kUsage;
}

int Backup(Session& session, const Options& options) {
  const absl::StatusOr<int64_t> bytes = backup::Take(options.data, options.file);
  if (!bytes.ok()) return Fail(session, bytes.status());
  session.Print(absl::StrCat(options.file, "  ", *bytes, session.Say({" bytes", " 字节"}), "\n"));
  return kOk;
}

int Restore(Session& session, const Options& options) {
  const auto aside = backup::Restore(options.data, options.file, options.replace);
  if (!aside.ok()) return Fail(session, aside.status());
  if (!aside->empty()) {
    session.Note(session.Say({"The data that was there: ", "原有数据已移至："}) + *aside);
  }
  session.Print(session.Say({"Restored. Start the service.", "已恢复，请启动服务。"}) + "\n");
  return kOk;
}

}  // namespace

void AddBackup(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("backup", "Copy the data of a running service into one file");
  const auto options = std::make_shared<Options>();
  command->add_option("file", options->file, "The file to make")->required();
  command->add_option("--data", options->data, "The service's redis.data_directory")->required();
  command->footer(kBackupFooter);
  command->callback([&session, &run, options] {
    run = [&session, options] { return Backup(session, *options); };
  });
}

void AddRestore(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("restore", "Put a backup in the place of a stopped service's data");
  const auto options = std::make_shared<Options>();
  command->add_option("file", options->file, "The backup")->required();
  command->add_option("--data", options->data, "The service's redis.data_directory")->required();
  command->add_flag("--replace", options->replace, "Put the data that is there aside");
  command->footer(kRestoreFooter);
  command->callback([&session, &run, options] {
    run = [&session, options] { return Restore(session, *options); };
  });
}

}  // namespace supervision::cli
