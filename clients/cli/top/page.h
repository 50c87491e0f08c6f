#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clients/cli/session.h"
#include "clients/cli/top/rates.h"
#include "clients/cli/top/screen.h"

namespace supervision::cli {

// What one page shows.
struct Shown {
  const Look& look;
  const std::optional<Rates>& rates;
  // The rates of clues accepted and of alerts told so far, the newest last.
  const std::vector<double>& accepted;
  const std::vector<double>& told;
};

// The page: how the service is, what it does, and how far subscriptions are behind.
std::vector<Line> PageOf(const Session& session, const Shown& shown);

// For what is no terminal: the head of a table, and a line of it.
std::string RowHead(const Session& session);
std::string Row(const Session& session, const Look& look, const std::optional<Rates>& rates);

// One JSON object on a line.
std::string JsonOf(const Look& look, const std::optional<Rates>& rates);

// Bars, the last `most` of the values, each as high as its share of the greatest.
std::string Bars(const std::vector<double>& values, size_t most);

}  // namespace supervision::cli
