#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/combining/common.h"
#include "services/combining/firing.h"
#include "services/combining/route.h"

namespace supervision::combining {

// A test of a route that stands in its file: clues in, alerts out, by a clock that only it moves.
struct TrialClue {
  std::string id;
  absl::Time at;
  Facts facts;
  bool withdrawn = false;
  // Its alert is resolved as HANDLED at that moment; `known`: it came before, at `received`.
  bool handled = false;
  bool known = false;
  absl::Time received;
  std::shared_ptr<const domain::MatterKeys> matter;  // null: it is like no other
};

// What is not given is not compared.
struct ExpectedFiring {
  std::string origin;  // "routes.yaml:12"
  absl::Time at;
  std::optional<int64_t> members;
  std::optional<domain::Risk> risk;
  std::optional<std::string> region;
  std::optional<std::string> unit;
  uint32_t version = 1;
  std::string says;
};

struct Trial {
  std::string origin;
  std::string name;
  Route route;
  domain::Calendar calendar;
  std::vector<TrialClue> clues;  // in the order of time
  absl::Time until;
  std::vector<ExpectedFiring> expect;
};

// What a route told for given clues.
std::vector<Firing> Run(const Trial& trial);
// A sentence, with its place, for each thing that is not as expected.
std::vector<std::string> Check(const Trial& trial);

}  // namespace supervision::combining
