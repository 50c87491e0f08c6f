#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace supervision::domain {

// Why a clue was taken for one about the matter of others.
enum class LinkBy : uint8_t {
  kUnspecified = 0,
  kFirst = 1,   // the others were found to be about its matter
  kNumber = 2,  // of a document or case
  kText = 3,    // organ, county and a text that is the same or nearly so
};

// What an alert that a route raised says of the clues behind it. Such an alert has no clue of its
// own: its facets are what all its clues have in common, so that who sees it may see each of them.
struct AlertGroup {
  struct KeyPart {
    std::string name;  // "scenario", "unit", "region" or "problem"
    std::string value;
    bool operator==(const KeyPart&) const = default;
  };
  struct Link {
    LinkBy by = LinkBy::kUnspecified;
    int distance = 0;  // of kText: in how many bits of 64 the shapes differ
    std::string partner;
    bool operator==(const Link&) const = default;
  };
  std::string route;
  std::string title_zh;
  std::string title_en;
  std::vector<KeyPart> key;
  std::vector<std::string> members;  // ids of clues, the newest, at most kMostMembers
  std::vector<Link> links;           // of a matter: why each of `members` belongs to it; else none
  int64_t total = 0;
  absl::Time from;  // the clues were accepted in [from, to]
  absl::Time to;
  double measured = 0;
  double limit = 0;
  double usual = 0;  // of a surge
  std::string arithmetic_zh;
  std::string arithmetic_en;
  absl::Time due_at;
  bool late = false;
  std::string digest;   // of route and key: by which the group is found again
  int64_t ordinal = 0;  // how often alerts of the group have been raised, this one included
  bool operator==(const AlertGroup&) const = default;
};

inline constexpr size_t kMostMembers = 50;

}  // namespace supervision::domain
