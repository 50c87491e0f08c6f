#include "services/server/command_line.h"

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

namespace supervision::server {
namespace {

constexpr char kAbout[] =
    "Collects legal-supervision clues, sorts them and tells monitors at once.";
constexpr char kFooter[] =
    "Every setting of server.yaml can be given as --SECTION.NAME=VALUE or as the variable\n"
    "SUPERVISION_SECTION_NAME; a flag wins over the variable, which wins over the file.\n"
    "\n"
    "Examples:\n"
    "  supervisiond --config /etc/supervision/server.yaml\n"
    "  supervisiond --config server.yaml --listen.grpc=127.0.0.1:0 --redis unix:/run/redis.sock\n"
    "  supervisiond --config server.yaml --check-config\n"
    "\n"
    "SIGHUP reads catalogue, rules and model again.\n"
    "\n"
    "Ends with 0 after SIGTERM or SIGINT, 1 when it could not serve, 2 when the configuration or\n"
    "the command line is wrong.";

}  // namespace

std::string ProgramVersion() { return SUPERVISION_VERSION; }

std::optional<CommandLine> ParseCommandLine(int argc, char** argv, int* exit_code) {
  CLI::App app(kAbout, "supervisiond");
  app.footer(kFooter);
  app.allow_extras();
  app.set_version_flag("--version", absl::StrCat("supervisiond ", ProgramVersion()));
  CommandLine command;
  std::string redis;
  bool check = false;
  bool print = false;
  app.add_option("--config", command.sources.file, "server.yaml; none: defaults")
      ->type_name("FILE");
  app.add_option("--redis", redis, "Short for --redis.address")->type_name("ADDRESS");
  auto* const check_flag = app.add_flag("--check-config", check,
                                        "Check every file that the configuration names, and end");
  app.add_flag("--print-config", print, "Print the settings in force as YAML, and end")
      ->excludes(check_flag);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  command.sources.flags = app.remaining();
  if (!redis.empty()) command.sources.flags.push_back(absl::StrCat("--redis.address=", redis));
  command.sources.environment = config::ProcessEnvironment();
  if (check) command.action = CommandLine::Action::kCheckConfig;
  if (print) command.action = CommandLine::Action::kPrintConfig;
  return command;
}

}  // namespace supervision::server
