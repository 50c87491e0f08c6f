// Who is blamed for what. The same words ("no one comes, they refuse, it drags on") are a clue when
// an organ is meant and none when a shop or a neighbour is, so each word of blame is read together
// with the one it is said of: who was named last before it in its sentence, or just behind it
// ("没有哪个部门来管"). One who is only asked ("请有关部门…") is not blamed.

#include <algorithm>

#include "services/classification/matcher.h"

namespace supervision::classification {
namespace {

// In code points: how far before a word of blame the blamed may stand, and how far behind it.
constexpr uint32_t kBlamedBefore = 22;
constexpr uint32_t kBlamedBehind = 5;
// How near a word of asking or telling stands before whom it is addressed to.
constexpr uint32_t kAskedWithin = 7;

}  // namespace

// Whether a hit of `hits` stands shortly before `named`, in the same clause.
bool Matcher::StandsBefore(std::pair<uint32_t, uint32_t> hits, const Hit& named) const {
  const auto first = ordered_.begin() + hits.first;
  const auto past = ordered_.begin() + hits.second;
  const auto behind = std::upper_bound(first, past, named.begin,
                                       [](uint32_t at, const Hit& hit) { return at < hit.end; });
  if (behind == first) {
    return false;
  }
  const Hit& nearest = *std::prev(behind);
  if (Gap(nearest, named) > kAskedWithin) {
    return false;
  }
  const std::string_view between(text_.text.data() + nearest.end, named.begin - nearest.end);
  return between.find_first_of(",.;:!?\n") == std::string_view::npos &&
         between.find("。") == std::string_view::npos &&
         between.find("、") == std::string_view::npos;
}

// Fills named_ with those who may be blamed, in order of their end (of the longer, last), and
// asked_ with those who are only asked; adds the signals of who is asked and who was told.
void Matcher::FindNamed(Features* features) {
  const BlameIndex& blame = index_.blame;
  named_.clear();
  asked_.clear();
  const auto hits_of = [&](const std::vector<uint32_t>& atoms) {
    return atoms.empty() ? std::pair<uint32_t, uint32_t>() : HitsOf(atoms[0]);
  };
  const std::pair<uint32_t, uint32_t> asking = hits_of(blame.asking);
  const std::pair<uint32_t, uint32_t> telling = hits_of(blame.telling);
  for (uint32_t who = 0; who < blame.who.size(); ++who) {
    if (!entered_.Holds(blame.who[who])) continue;
    const auto [first, past] = HitsOf(blame.who[who]);
    bool was_asked = false;
    bool was_told = false;
    for (uint32_t i = first; i < past; ++i) {
      const Hit& hit = ordered_[i];
      const Named named = {hit, who};
      if (StandsBefore(asking, hit)) {
        if (!was_asked) features->signals.push_back({blame.asked_keys[who], hit.begin, hit.end});
        was_asked = true;
        asked_.push_back(named);
        continue;
      }
      if (!was_told && StandsBefore(telling, hit)) {
        features->signals.push_back({blame.told_keys[who], hit.begin, hit.end});
        was_told = true;
      }
      named_.push_back(named);
    }
  }
  std::sort(named_.begin(), named_.end(), [](const Named& a, const Named& b) {
    return a.hit.end != b.hit.end ? a.hit.end < b.hit.end : a.hit.begin > b.hit.begin;
  });
}

// Whom `did` is said of, as a row of the keys of BlameIndex.
uint32_t Matcher::BlamedFor(const Hit& did) const {
  const auto behind =
      std::upper_bound(named_.begin(), named_.end(), did.begin,
                       [](uint32_t at, const Named& named) { return at < named.hit.end; });
  if (behind != named_.begin()) {
    const Named& nearest = *std::prev(behind);
    if (nearest.hit.sentence == did.sentence && Gap(nearest.hit, did) <= kBlamedBefore) {
      return nearest.who;
    }
  }
  const Named* first = nullptr;
  for (auto i = behind; i != named_.end() && i->hit.sentence <= did.sentence; ++i) {
    if (i->hit.begin < did.end || i->hit.sentence != did.sentence) continue;
    if (Gap(did, i->hit) > kBlamedBehind) break;
    if (first == nullptr || i->hit.begin <= first->hit.begin) first = &*i;
  }
  if (first != nullptr) {
    return first->who;
  }
  const bool asked = std::any_of(asked_.begin(), asked_.end(), [&](const Named& named) {
    return named.hit.sentence == did.sentence && named.hit.end <= did.begin;
  });
  return index_.blame.Nobody() + (asked ? 1 : 0);
}

void Matcher::DescribeBlame(Features* features) {
  const BlameIndex& blame = index_.blame;
  FindNamed(features);
  for (uint32_t did = 0; did < blame.did.size(); ++did) {
    if (!entered_.Holds(blame.did[did])) continue;
    const auto [first, past] = HitsOf(blame.did[did]);
    blamed_.assign(blame.who.size() + BlameIndex::kOthers, false);
    for (uint32_t i = first; i < past; ++i) {
      const Hit& hit = ordered_[i];
      const uint32_t row = BlamedFor(hit);
      if (!blamed_[row]) {
        blamed_[row] = true;
        features->signals.push_back({blame.keys[row * blame.did.size() + did], hit.begin, hit.end});
      }
    }
  }
}

}  // namespace supervision::classification
