#pragma once

#include "services/domain/clue.h"

namespace supervision::domain {

// Which of a clue's verdicts holds, and what a correction makes of them.

// What holds now: the correction's verdict where there is one, else the machine's.
const Verdict& Standing(const Clue& clue);

// The last word of the machine: what a person agreed or disagreed with.
const Verdict& MachineVerdict(const Clue& clue);

// Whether a person must look. What may be HIGH is never silent, even where the class says that it
// is none of ours; what a person has decided is in doubt no longer, and
// old matters never keep people from new ones.
bool NeedsReview(const Clue& clue);

// In what two verdicts differ of that which decides who is told and who must look.
struct Difference {
  bool scenario = false;
  bool risk = false;
  bool review = false;
  bool any() const { return scenario || risk || review; }
};
Difference DifferenceOf(const Verdict& before, const Verdict& after);

bool InScope(const Verdict& verdict);
bool CorrectedByPerson(const Clue& clue);
// Whether the clue's present version is the one that its correction made.
bool IsCorrectionItself(const Clue& clue);

// How uncertain a clue in the review queue is, from kLeastDoubt to kMostDoubt: coarse, so that
// the queue can be kept sorted by it.
inline constexpr int kLeastDoubt = 1;
inline constexpr int kMostDoubt = 3;
int DoubtOf(const Verdict& verdict);

// The verdict of a person who has found `finding` where the machine said `machine`: certain, with
// the evidence of the machine that speaks for it. The addends of the risk are kept while the risk
// is the same.
Verdict VerdictOf(const Finding& finding, const Verdict& machine);

// `correction` of `clue`, beside what stands. A correction by a person remembers which verdict of
// the machine it judged.
void Apply(Correction correction, Clue* clue);

// The verdict `fresh` of a new text of `before`. Where a person had found otherwise about the text
// before, a person must look again.
Verdict AfterRevision(Verdict fresh, const Clue& before);

}  // namespace supervision::domain
