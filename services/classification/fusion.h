#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "services/classification/model/problem_heads.h"
#include "services/domain/scenario.h"
#include "services/domain/verdict.h"

namespace supervision::classification {

// Places of tables that hold something per scenario; place 0 stays empty.
inline constexpr size_t kScenarioPlaces = domain::kScenarios.size() + 1;

// What a model thinks of a text.
struct Opinion {
  std::array<float, kScenarioPlaces> probabilities{};
  float review_below = 0;
  std::optional<float> high;  // the probability that a person would rate the clue HIGH
  // The problem models that were learnt for a class, as a clue of it shows them, likeliest first.
  // Unset: none were learnt. Asked at most once, while the text is being sorted.
  std::function<std::span<const LearntProblem>(domain::Scenario)> problems;
};

// What the rules found that the model cannot know, and how ties are settled.
struct FusionInput {
  // Classes for which an instrument speaks that the partner named beside the text.
  std::array<bool, kScenarioPlaces> instrument{};
  std::array<uint8_t, kScenarioPlaces> rank{};  // precedence: the least wins a tie
  float tie_margin = 0;                         // of log probabilities
  float secondary_from = 0;                     // probability of a second reading that is named
};

// How the classes stand to one another: the shares add up to one.
struct Standing {
  std::array<float, kScenarioPlaces> shares{};
  size_t winner = 0;
  size_t second = 0;                               // the likeliest other of the 11; 0: none
  std::array<bool, kScenarioPlaces> instrument{};  // classes for which an instrument counted
};

// Decides the class: an instrument first, then the substance as the model weighs it, ties by
// precedence; out of scope only what is likely enough to be. The rules' hits in the text are among
// the model's features, so they are not counted a second time.
Standing Weigh(const FusionInput& input, const Opinion& opinion);

// Writes scenario, secondary, confidence and needs_review as Weigh decides.
void Fuse(const FusionInput& input, const Opinion& opinion, domain::Verdict* verdict);

}  // namespace supervision::classification
