#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "services/domain/alert.h"
#include "services/domain/expression.h"

namespace supervision::domain {

// Sets of scenarios and of alert states, by their numbers.
using ScenarioSet = std::bitset<32>;
using AlertStateSet = std::bitset<8>;

// What a principal may see at all: applied from its identity, before any filter of a request.
struct Scope {
  ScenarioSet scenarios;             // none set: all
  std::vector<std::string> regions;  // region code prefixes; empty: all
  std::string partner;               // a partner sees only its own clues; empty: all
  bool cleared_for_secret = false;   // may see title and passages of secret clues
  bool operator==(const Scope&) const = default;
};

// What a request asks for. Every condition given must hold.
struct Filter {
  ScenarioSet scenarios;               // none set: any
  Risk min_risk = Risk::kUnspecified;  // at least this grave
  std::string region_prefix;           // empty: any
  std::string unit;                    // credit code or exact name; empty: any
  AlertStateSet states;                // none set: any
  std::string owner;                   // who answers for the alert; empty: any or nobody
  Expression expression;               // empty: any
  bool operator==(const Filter&) const = default;
};

bool Sees(const Scope& scope, const Facets& facets);
bool Matches(const Filter& filter, const Facets& facets);

// How much of a clue's text is shown.
enum class Projection : uint8_t { kFull = 1, kWithheld = 2 };
Projection ProjectionFor(const Scope& scope, Confidentiality confidentiality);

// Whether somebody may see `is`, and read what is said of it, who did not see `was` or could not
// read what was said of that.
bool HasNewReaders(const Facets& was, const Facets& is);

// A text that is equal for equal pairs and differs for different ones: the key under which streams
// with one view share their work.
std::string ViewKey(const Scope& scope, const Filter& filter);

}  // namespace supervision::domain
