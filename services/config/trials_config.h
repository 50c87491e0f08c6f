#pragma once

#include <optional>
#include <string>

#include "services/combining/trial.h"
#include "services/config/problems.h"
#include "supervision/config/v1/routes.pb.h"

namespace supervision::config {

// A test of a route of `routes`, as it stands in the file at `at`; nothing when it cannot be run.
std::optional<combining::Trial> ToTrial(const v1::RouteTestConfig& from, const std::string& at,
                                        const combining::RouteSet& routes, const SourceMap& source,
                                        Problems* problems);

}  // namespace supervision::config
