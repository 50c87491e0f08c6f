// The scripts of shared subscriptions under random steps, compared answer by answer with a book in
// memory. Seeds are printed; SUPERVISION_SCHEDULES asks for more of them.
#include <array>
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/integration/ledger/sharing_fixture.h"
#include "tests/support/share_book.h"

namespace supervision::ledger {
namespace {

using testing::ShareBook;
using Kind = ShareAnswer::Kind;
using What = ShareStep::What;

constexpr int kSchedules = 200;
constexpr int kCalls = 20;
constexpr int kMostSteps = 12;  // of a call
constexpr int kEntries = 8;     // of each partition

int Schedules() {
  const char* const text = std::getenv("SUPERVISION_SCHEDULES");
  return text == nullptr ? kSchedules : std::atoi(text);
}

class SharingModelTest : public SharingFixture {
 protected:
  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }

  // Leases and delays either never end or have ended at once, so no clock matters.
  SharingRules DrawRules() {
    SharingRules rules = Rules();
    rules.max_attempts = 2;
    rules.max_in_flight = 5;
    rules.lease = Draw(3) == 0 ? absl::ZeroDuration() : kNever;
    rules.min_delay = Draw(5) == 0 ? kNever : absl::ZeroDuration();
    return rules;
  }
  EntryKey DrawEntry() {
    const int partition = Draw(2);
    return {partition, (partition == 0 ? 3 : 6) + Draw(kEntries)};
  }
  ShareStep DrawStep() {
    const EntryKey entry = DrawEntry();
    const std::string token = "t" + std::to_string(Draw(3));
    switch (Draw(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return StepOf(What::kClaim, entry, token);
      case 4:
      case 5:
        return StepOf(What::kAck, entry, token);
      case 6:
        return StepOf(What::kExtend, entry, token);
      case 7:
        return StepOf(What::kReject, entry, token, Draw(2) == 0 ? "no" : "not this",
                      Draw(4) == 0 ? kNever : absl::ZeroDuration());
      case 8: {
        ShareStep step = StepOf(What::kReturn, entry, token, kConnectionBroken);
        step.uncounted = Draw(2) == 0;
        return step;
      }
      case 9: {
        ShareStep step = BuryOf(entry, "alert", {Kind::kExhausted, 2, {}, {}, "no"});
        step.unconditionally = Draw(8) == 0;
        return step;
      }
      case 10:
        return {What::kClean, entry};
      default:
        return {What::kSkip, entry};
    }
  }

  void Compare(const ShareResult& real, const ShareResult& model) {
    ASSERT_EQ(real.status, model.status);
    ASSERT_EQ(real.place, model.place);
    ASSERT_EQ(real.taken, model.taken);
    ASSERT_EQ(real.dead_letters, model.dead_letters);
    ASSERT_EQ(real.answers.size(), model.answers.size());
    for (size_t i = 0; i < real.answers.size(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      ASSERT_EQ(static_cast<int>(real.answers[i].kind), static_cast<int>(model.answers[i].kind));
      ++kinds_[static_cast<size_t>(real.answers[i].kind)];
      ASSERT_EQ(real.answers[i].attempts, model.answers[i].attempts);
      ASSERT_EQ(real.answers[i].reason, model.answers[i].reason);
    }
  }

  void Call(const std::string& name, ShareBook* book) {
    std::vector<ShareStep> steps;
    for (int i = Draw(kMostSteps); i >= 0; --i) steps.push_back(DrawStep());
    ShareUpdate update = UpdateOf(name, std::move(steps), DrawRules());
    if (Draw(20) == 0) update.version = 2;
    if (Draw(20) == 0) update.epochs[0] += 7;
    update.epochs[0] += place_.epochs[0] - 1;
    if (Draw(3) == 0) {
      update.place = place_;
      update.place->positions[static_cast<size_t>(Draw(2))] += 1;
    }
    if (Draw(10) == 0) update.known.positions[0] -= 1;  // moved by another meanwhile
    const absl::Duration now;
    const ShareResult model = book->Share(update, now);
    Compare(Share(std::move(update)), model);
  }

  void ActOnLetters(const std::string& name, ShareBook* book) {
    const std::vector<DeadLetter> letters = book->letters();
    if (letters.empty()) return;
    const LetterAction action = Draw(2) == 0 ? LetterAction::kReplay : LetterAction::kDrop;
    const DeadLetter& one = letters[static_cast<size_t>(Draw(static_cast<int>(letters.size())))];
    const int most = 1 + Draw(5);
    EXPECT_EQ(Act(name, action, {one}, most), book->Act(action, most, {one}, absl::Duration()));
  }

  void LoseHistory(const std::string& name, ShareBook* book) {
    Place after = place_;
    const auto p = static_cast<size_t>(Draw(2));
    if (p == 0) ++after.epochs[0];
    after.positions[p] += Draw(3);
    DeadLetter gap;
    gap.id = "9-9-" + std::to_string(Draw(100));
    const auto done = Rebase(name, place_, after, gap);
    ASSERT_TRUE(done.ok()) << done.status();
    ASSERT_EQ(*done, book->Rebase(place_, after, gap));
    place_ = after;
  }

  std::mt19937 random_;
  std::array<int, 8> kinds_{};
  int64_t redeliveries_ = 0;
};

TEST_F(SharingModelTest, TheScriptsAnswerAsTheBookDoes) {
  const int schedules = Schedules();
  const uint32_t first = std::random_device()() >> 8;
  for (int i = 0; i < schedules && !HasFailure(); ++i) {
    const uint32_t seed = first + static_cast<uint32_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_.seed(seed);
    place_ = Place{{1, 1}, {4, 7}};
    const std::string name = "s" + std::to_string(i);
    ASSERT_TRUE(Create(name).ok());
    ShareBook book(place_);
    for (int call = 0; call < kCalls && !HasFailure(); ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      const int what = Draw(20);
      if (what == 0) {
        ActOnLetters(name, &book);
      } else if (what == 1 && Draw(3) == 0) {
        LoseHistory(name, &book);
      } else {
        Call(name, &book);
      }
    }
    const ShareState real = Look(name);
    const ShareState model = book.Look(absl::Duration());
    EXPECT_EQ(real.place, model.place);
    EXPECT_THAT(real.handed_over, ::testing::UnorderedElementsAreArray(model.handed_over));
    EXPECT_THAT(real.beyond, ::testing::UnorderedElementsAreArray(model.beyond));
    EXPECT_EQ(real.redeliveries, model.redeliveries);
    redeliveries_ += real.redeliveries;
    EXPECT_EQ(Letters(name).size(), book.letters().size());
  }
  std::cout << "seeds from " << first << "; answers by kind:";
  for (const int count : kinds_) std::cout << " " << count;
  std::cout << "; redeliveries: " << redeliveries_ << "\n";
  EXPECT_GT(redeliveries_, schedules / 10);
  for (size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (kind == static_cast<size_t>(Kind::kHalted)) continue;  // needs a thousand letters
    EXPECT_GT(kinds_[kind], schedules / 10) << "answers of kind " << kind;
  }
}

}  // namespace
}  // namespace supervision::ledger
