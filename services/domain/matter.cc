#include "services/domain/matter.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <string>

namespace supervision::domain {
namespace {

constexpr size_t kBits = 64;
constexpr uint64_t kOffset = 0xCBF29CE484222325;
constexpr uint64_t kPrime = 0x100000001B3;
// A document's number is told from another organ's by so many characters before what all organs'
// numbers of its kind end with. The shortest names have two ("盐环", "盐政").
constexpr size_t kLeastOrgan = 2;
constexpr size_t kMostOrgan = 3;
constexpr size_t kLongestTail = 8;  // "行政处罚决定字"
constexpr size_t kLongestKind = 6;  // "最高" 法知民辖终
constexpr size_t kCountyDigits = 6;
constexpr size_t kYearDigits = 4;
constexpr size_t kMostDigits = 9;
// Shorter numbers of partners ("12") stand for too much.
constexpr size_t kShortestNumber = 6;
// Of a register that is one for the county, a number with a year and so many digits more is the
// only one of its kind there; a shorter one ("受理〔2026〕12号") each organ may have.
constexpr size_t kShortestSerial = 6;

// Spreads the bits of `value` over the whole word.
uint64_t Mix(uint64_t value) {
  value ^= value >> 30;
  value *= 0xBF58476D1CE4E5B9;
  value ^= value >> 27;
  value *= 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

uint64_t HashOf(std::u32string_view text, std::string_view place) {
  uint64_t hash = kOffset;
  const auto add = [&hash](uint64_t value) { hash = (hash ^ value) * kPrime; };
  for (const char32_t point : text) add(point);
  add(0);
  for (const char c : place) add(static_cast<unsigned char>(c));
  return Mix(hash);
}

bool IsDigit(char32_t point) { return point >= U'0' && point <= U'9'; }
bool IsHan(char32_t point) {
  return (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0x3400 && point <= 0x4DBF) ||
         (point >= 0x20000 && point <= 0x323AF);
}
bool IsLetter(char32_t point) { return IsDigit(point) || (point >= U'a' && point <= U'z'); }

char32_t Folded(char32_t point) {
  // Full-width forms of ASCII.
  if (point >= 0xFF01 && point <= 0xFF5E) point -= 0xFEE0;
  if (point >= U'A' && point <= U'Z') point += U'a' - U'A';
  return point;
}

// One code point of a text that is valid UTF-8; of any other something, and it moves on.
char32_t Decode(std::string_view text, size_t* at) {
  const auto byte = [&](size_t k) {
    return *at + k < text.size() ? static_cast<unsigned char>(text[*at + k]) : 0U;
  };
  const unsigned lead = byte(0);
  size_t size = 1;
  char32_t point = lead;
  if (lead >= 0xF0) {
    size = 4;
    point =
        (lead & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
  } else if (lead >= 0xE0) {
    size = 3;
    point = (lead & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
  } else if (lead >= 0xC0) {
    size = 2;
    point = (lead & 0x1FU) << 6 | (byte(1) & 0x3FU);
  }
  *at = std::min(text.size(), *at + size);
  return point;
}

bool Holds(std::u32string_view characters, char32_t point) {
  return characters.find(point) != std::u32string_view::npos;
}

// How many characters at the end of what stands before a year say only which kind of document it
// is: "罚决字" of "盐市监罚决字", "行政处罚决字" of "盐市监行政处罚决字", "复" of "盐政复".
size_t TailOf(std::u32string_view before) {
  constexpr std::u32string_view kAdministrative = U"行政";
  size_t tail = 0;
  while (tail < std::min(kLongestTail, before.size())) {
    const std::u32string_view rest = before.substr(0, before.size() - tail);
    if (Holds(U"罚决字定处强制赔裁复议查核答受告催案", rest.back())) {
      ++tail;
    } else if (tail > 0 && rest.ends_with(kAdministrative)) {
      tail += kAdministrative.size();
    } else {
      break;
    }
  }
  return tail;
}

// How many characters at the end of `before` name the organ: three ("盐综执", "武综执"), unless the
// third is a word of the sentence ("收到盐环"). 0: too few.
size_t OrganOf(std::u32string_view before) {
  constexpr std::u32string_view kOfSentences =
      U"到对的于由以按据和与及出收为在是见因附第将被书件文服号销认单该份即向经从定依照给发达持";
  if (before.size() < kLeastOrgan) return 0;
  if (before.size() == kLeastOrgan) return kLeastOrgan;
  return Holds(kOfSentences, before[before.size() - kMostOrgan]) ? kLeastOrgan : kMostOrgan;
}

// Whether a document is about one matter: a penalty, a reconsideration, a petition, an enforcement.
// Others are cited by many; so are those of an organ with a 信 in its name (经信).
bool OfOneMatter(std::u32string_view organ, std::u32string_view tail) {
  if (tail.find_first_of(U"罚复强决裁赔") != std::u32string_view::npos) return true;
  return organ.find_first_of(U"访诉仲") != std::u32string_view::npos ||
         (organ.ends_with(U'信') && !tail.empty() && Holds(U"答受告核查", tail.front()));
}

size_t DigitsFrom(std::u32string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end - at;
}

std::u32string_view WithoutZeros(std::u32string_view digits) {
  const size_t first = digits.find_first_not_of(U'0');
  return first == std::u32string_view::npos ? digits.substr(0, 0) : digits.substr(first);
}

// Finds the numbers of a comparable text, where brackets are gone:
//   盐综执罚决字2023第000123号   document: organ, kind, year, number
//   2023浙0424行初12号           court: year, province, court, kind, number
//   2023浙行终12号               a high court has no digits
class NumberFinder {
 public:
  NumberFinder(std::string_view county, std::vector<uint64_t>* numbers)
      : county_(county), numbers_(numbers) {}

  void Find(std::u32string_view text) {
    size_t run = 0;
    for (size_t at = 0; at < text.size(); at += std::max<size_t>(run, 1)) {
      run = DigitsFrom(text, at);
      if (run < kYearDigits) continue;
      const std::u32string_view century = text.substr(at, 2);
      if (century != U"19" && century != U"20") continue;
      // Without its bracket a year and the number after it are one run.
      if (run > kYearDigits || !CourtAt(text, at)) DocumentAt(text, at);
    }
  }

 private:
  // The province by its one character, the digits of the court there (none for a high court), and
  // a kind made of the words that kinds are made of: "2026年3月12号" is a day.
  bool CourtAt(std::u32string_view text, size_t at) {
    constexpr std::u32string_view kProvinces =
        U"京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川黔云藏陕甘青宁新兵军";
    constexpr std::u32string_view kSupreme = U"最高";
    constexpr std::u32string_view kKinds =
        U"行民刑执赔委法知司财证没医更备核破清强申算监初终再审抗提督催保令辖撤特他惩救恢异复协请认"
        U"外港澳台送取诉前调引";
    size_t end = at + kYearDigits;
    const bool supreme = text.substr(end, kSupreme.size()) == kSupreme;
    if (!supreme && (end >= text.size() || !Holds(kProvinces, text[end]))) return false;
    end += supreme ? kSupreme.size() : 1;
    const size_t court = DigitsFrom(text, end);
    if (court != 0 && (supreme || (court != 2 && court != 4))) return false;
    end += court;
    if (court == 0 && (end >= text.size() || !Holds(U"行民刑执赔委法知司破清", text[end]))) {
      return false;
    }
    const size_t kind = end;
    while (end < text.size() && end - kind < kLongestKind && Holds(kKinds, text[end])) ++end;
    const size_t digits = DigitsFrom(text, end);
    if (end == kind || digits == 0 || digits > kMostDigits) return false;
    if (end + digits >= text.size() || text[end + digits] != U'号') return false;
    std::u32string key(text.substr(at, end - at));
    key += WithoutZeros(text.substr(end, digits));
    numbers_->push_back(HashOf(key, ""));
    return true;
  }

  void DocumentAt(std::u32string_view text, size_t at) {
    size_t han = 0;
    while (han < kLongestTail + kMostOrgan && han < at && IsHan(text[at - 1 - han])) ++han;
    const std::u32string_view before = text.substr(at - han, han);
    const size_t tail = TailOf(before);
    const size_t organ = OrganOf(before.substr(0, han - tail));
    if (organ == 0 ||
        !OfOneMatter(before.substr(han - tail - organ, organ), before.substr(han - tail))) {
      return;
    }
    size_t end = at + kYearDigits;
    if (end < text.size() && text[end] == U'第') ++end;
    const size_t digits = DigitsFrom(text, end);
    if (digits == 0 || digits > kMostDigits) return;
    if (end + digits >= text.size() || text[end + digits] != U'号') return;
    std::u32string key(before.substr(han - tail - organ));
    key += text.substr(at, kYearDigits);
    key += WithoutZeros(text.substr(end, digits));
    numbers_->push_back(HashOf(key, county_));
  }

  const std::string_view county_;
  std::vector<uint64_t>* const numbers_;
};

// Counts for each of 64 bits in how many words it is set. Bit i of plane k is bit k of the count of
// bit i, so that one operation adds for all 64; eight words are added up before they go in.
class Votes {
 public:
  void Add(uint64_t word) {
    waiting_[words_ % kTogether] = word;
    ++words_;
    if (words_ % kTogether == 0) AddWaiting();
  }

  // The bits that are set in more than half of the words.
  uint64_t Majority() {
    for (size_t i = 0; i < words_ % kTogether; ++i) Carry(waiting_[i], 0);
    // Compared with half of the words from the highest plane on.
    const uint64_t half = words_ / 2;
    uint64_t more = 0;
    uint64_t equal = ~uint64_t{0};
    for (size_t k = planes_.size(); k-- > 0;) {
      const uint64_t bit = (half >> k & 1) != 0 ? ~uint64_t{0} : 0;
      more |= equal & planes_[k] & ~bit;
      equal &= ~(planes_[k] ^ bit);
    }
    return more;
  }

 private:
  static constexpr size_t kTogether = 8;
  static constexpr size_t kPlanes = 48;  // no text is longer

  // Leaves the sums of three bits in `*sum` and returns what they carry.
  static uint64_t AddThree(uint64_t* sum, uint64_t a, uint64_t b) {
    const uint64_t odd = *sum ^ a;
    const uint64_t carry = (*sum & a) | (odd & b);
    *sum = odd ^ b;
    return carry;
  }

  void AddWaiting() {
    const auto& [a, b, c, d, e, f, g, h] = waiting_;
    const uint64_t twos_a = AddThree(&planes_[0], a, b);
    const uint64_t twos_b = AddThree(&planes_[0], c, d);
    const uint64_t fours_a = AddThree(&planes_[1], twos_a, twos_b);
    const uint64_t twos_c = AddThree(&planes_[0], e, f);
    const uint64_t twos_d = AddThree(&planes_[0], g, h);
    const uint64_t fours_b = AddThree(&planes_[1], twos_c, twos_d);
    Carry(AddThree(&planes_[2], fours_a, fours_b), 3);
  }

  void Carry(uint64_t word, size_t plane) {
    for (; word != 0; ++plane) {
      const uint64_t carry = planes_[plane] & word;
      planes_[plane] ^= word;
      word = carry;
    }
  }

  std::array<uint64_t, kPlanes> planes_{};
  std::array<uint64_t, kTogether> waiting_{};
  size_t words_ = 0;
};

// Of partners' instruments those that are about one matter.
bool IsOfOneMatter(InstrumentType type) {
  switch (type) {
    case InstrumentType::kCourtCase:
    case InstrumentType::kPenaltyDecision:
    case InstrumentType::kReconsiderationCase:
    case InstrumentType::kPetitionItem:
    case InstrumentType::kHotlineOrder:
    case InstrumentType::kDisclosureRequest:
    case InstrumentType::kProcuratorialSuggestion:
    case InstrumentType::kJudicialSuggestion:
    case InstrumentType::kMediationAgreement:
      return true;
    default:
      return false;
  }
}

bool IsOfCountyRegister(InstrumentType type, std::u32string_view number) {
  if (type != InstrumentType::kPetitionItem && type != InstrumentType::kHotlineOrder) return false;
  const auto digits = std::count_if(number.begin(), number.end(), IsDigit);
  return static_cast<size_t>(digits) >= kYearDigits + kShortestSerial;
}

// The keys of a number that is neither a document's nor a court's: as it is, among those of its
// type in its county; and of the organ, by its code and by its name, since partners differ in which
// they give. Without an organ it may be anybody's.
void AddAsItIs(const Instrument& instrument, std::u32string_view number, const ClueContent& content,
               std::string_view county, std::vector<uint64_t>* numbers) {
  const auto add = [&](const std::string& organ) {
    std::string place(county);
    place += '/' + std::to_string(static_cast<int>(instrument.type)) + '/' + organ;
    numbers->push_back(HashOf(number, place));
  };
  if (IsOfCountyRegister(instrument.type, number)) return add("");
  for (const std::string* const organ : {&content.unit.credit_code, &content.unit.name}) {
    if (!organ->empty()) add(*organ);
  }
}

}  // namespace

std::u32string ComparableText(std::string_view text) {
  std::u32string result;
  result.reserve(text.size() / 2);
  for (size_t at = 0; at < text.size();) {
    const char32_t point = Folded(Decode(text, &at));
    if (IsHan(point) || IsLetter(point)) result.push_back(point);
  }
  return result;
}

uint64_t SimHash(std::u32string_view text) {
  Votes votes;
  for (size_t at = 0; at + 1 < text.size(); ++at) {
    const uint64_t pair = Mix(static_cast<uint64_t>(text[at]) << 32 | text[at + 1]);
    votes.Add(pair);
    if (at + 2 < text.size()) votes.Add(Mix(pair ^ text[at + 2]));
  }
  return votes.Majority();
}

int ShapeDistance(uint64_t one, uint64_t other) {
  return static_cast<int>(std::bitset<kBits>(one ^ other).count());
}

MatterKeys MatterKeysOf(const ClueContent& content) {
  MatterKeys keys;
  const std::string_view county = std::string_view(content.region_code).substr(0, kCountyDigits);
  NumberFinder finder(county, &keys.numbers);
  for (const Instrument& instrument : content.instruments) {
    if (!IsOfOneMatter(instrument.type)) continue;
    const std::u32string number = ComparableText(instrument.number);
    const size_t before = keys.numbers.size();
    finder.Find(number);
    if (keys.numbers.size() == before && number.size() >= kShortestNumber) {
      AddAsItIs(instrument, number, content, county, &keys.numbers);
    }
  }
  const std::u32string title = ComparableText(content.title);
  const std::u32string text = ComparableText(content.content);
  finder.Find(title);
  finder.Find(text);
  std::sort(keys.numbers.begin(), keys.numbers.end());
  keys.numbers.erase(std::unique(keys.numbers.begin(), keys.numbers.end()), keys.numbers.end());
  if (keys.numbers.size() > kMostNumbers) keys.numbers.resize(kMostNumbers);
  // The title is a partner's own; the text is what travels between them.
  if (text.size() >= kShortestShape) keys.shape = SimHash(text);
  keys.persons = content.persons_affected.value_or(0);
  return keys;
}

bool AreNear(const MatterKeys& one, const MatterKeys& other) {
  if (one.shape != 0 && other.shape != 0 &&
      ShapeDistance(one.shape, other.shape) <= kMostShapeDistance) {
    return true;
  }
  auto a = one.numbers.begin();
  auto b = other.numbers.begin();
  while (a != one.numbers.end() && b != other.numbers.end() && *a != *b) ++(*a < *b ? a : b);
  return a != one.numbers.end() && b != other.numbers.end();
}

}  // namespace supervision::domain
