#include "services/classification/evaluation/judge.h"

#include <algorithm>
#include <cstdint>

#include "services/domain/scenario.h"

namespace supervision::classification {
namespace {

// The code points [begin, end) of a text; the classifier counts those of valid UTF-8.
std::string CodePoints(std::string_view text, uint32_t begin, uint32_t end) {
  const auto starts = [](char byte) { return (static_cast<uint8_t>(byte) & 0xC0) != 0x80; };
  std::string result;
  uint32_t seen = 0;
  for (const char byte : text) {
    seen += starts(byte);
    if (seen > end) {
      break;
    }
    if (seen > begin) {
      result += byte;
    }
  }
  return result;
}

std::string NameOf(domain::Scenario scenario) {
  return scenario == domain::Scenario::kUnspecified ? "" : std::string(domain::Code(scenario));
}

}  // namespace

Input ToInput(const LabelledClue& clue) {
  return {clue.title, clue.content, nullptr, std::nullopt};
}

Answer Judge(const Classifier& classifier, const LabelledClue& clue) {
  const domain::Verdict verdict = classifier.Classify(ToInput(clue));
  Answer answer;
  answer.label = NameOf(verdict.scenario);
  answer.secondary = NameOf(verdict.secondary);
  answer.confidence = verdict.confidence;
  answer.risk =
      verdict.risk == domain::Risk::kUnspecified ? "" : std::string(domain::Code(verdict.risk));
  answer.problem_codes = verdict.problem_codes;
  answer.needs_review = verdict.needs_review;
  for (const domain::EvidenceSpan& span : verdict.evidence) {
    const std::string& text = span.part == domain::TextPart::kTitle ? clue.title : clue.content;
    answer.evidence.push_back(
        {CodePoints(text, span.begin, span.end), span.rule_id, NameOf(span.scenario), span.weight});
  }
  return answer;
}

Answer AnswerOf(std::span<const std::string> classes, std::span<const float> probabilities,
                double review_below) {
  size_t best = 0;
  size_t second = 0;
  for (size_t i = 1; i < classes.size(); ++i) {
    if (probabilities[i] > probabilities[best]) {
      second = best;
      best = i;
    } else if (second == best || probabilities[i] > probabilities[second]) {
      second = i;
    }
  }
  Answer answer;
  answer.label = classes[best];
  answer.secondary = second == best ? "" : classes[second];
  answer.confidence = probabilities[best];
  answer.needs_review = answer.confidence < review_below;
  return answer;
}

}  // namespace supervision::classification
