#pragma once

#include <functional>

#include "CLI/CLI.hpp"
#include "clients/cli/session.h"

namespace supervision::cli {

// Runs a command; its exit code.
using Run = std::function<int()>;

// Each adds one command to `app` and sets `run` when the command line names it.
void AddBackup(CLI::App& app, Session& session, Run& run);
void AddRestore(CLI::App& app, Session& session, Run& run);
void AddSubmit(CLI::App& app, Session& session, Run& run);
void AddWatch(CLI::App& app, Session& session, Run& run);
void AddAlerts(CLI::App& app, Session& session, Run& run);
void AddGet(CLI::App& app, Session& session, Run& run);
void AddList(CLI::App& app, Session& session, Run& run);
void AddReclassify(CLI::App& app, Session& session, Run& run);
void AddReload(CLI::App& app, Session& session, Run& run);
void AddReview(CLI::App& app, Session& session, Run& run);
void AddRevise(CLI::App& app, Session& session, Run& run);
void AddWithdraw(CLI::App& app, Session& session, Run& run);
void AddScenarios(CLI::App& app, Session& session, Run& run);
void AddClassify(CLI::App& app, Session& session, Run& run);
void AddDoctor(CLI::App& app, Session& session, Run& run);
void AddEvaluate(CLI::App& app, Session& session, Run& run);
void AddRoutes(CLI::App& app, Session& session, Run& run);
void AddRules(CLI::App& app, Session& session, Run& run);
void AddShadow(CLI::App& app, Session& session, Run& run);
void AddSilence(CLI::App& app, Session& session, Run& run);
void AddSpool(CLI::App& app, Session& session, Run& run);
// `app` is the command subscriptions.
void AddDeadLetters(CLI::App& app, Session& session, Run& run);
void AddSubscriptions(CLI::App& app, Session& session, Run& run);
void AddStatus(CLI::App& app, Session& session, Run& run);
void AddPrincipals(CLI::App& app, Session& session, Run& run);
void AddTop(CLI::App& app, Session& session, Run& run);
void AddTokens(CLI::App& app, Session& session, Run& run);
void AddTrain(CLI::App& app, Session& session, Run& run);
void AddHandling(CLI::App& app, Session& session, Run& run);  // ack, assign, resolve, …
void AddWhy(CLI::App& app, Session& session, Run& run);
void AddHealth(CLI::App& app, Session& session, Run& run);

}  // namespace supervision::cli
