#include "services/classification/references.h"

#include <algorithm>
#include <array>

#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

struct NamedType {
  ReferenceType type;
  std::string_view name;
};
constexpr std::array<NamedType, kReferenceTypes> kNames = {{
    {ReferenceType::kCourtAdministrative, "court_administrative"},
    {ReferenceType::kCourtCivil, "court_civil"},
    {ReferenceType::kCourtCriminal, "court_criminal"},
    {ReferenceType::kCourtEnforcement, "court_enforcement"},
    {ReferenceType::kCourtOther, "court_other"},
    {ReferenceType::kPenaltyDocument, "penalty_document"},
    {ReferenceType::kReconsiderationDocument, "reconsideration_document"},
    {ReferenceType::kPetitionDocument, "petition_document"},
    {ReferenceType::kOfficialDocument, "official_document"},
    {ReferenceType::kCreditCode, "credit_code"},
    {ReferenceType::kAmount, "amount"},
    {ReferenceType::kPersons, "persons"},
    {ReferenceType::kDays, "days"},
    {ReferenceType::kTimes, "times"},
    {ReferenceType::kStatuteArticle, "statute_article"},
}};

constexpr size_t kLongestAgency = 14;         // code points before the year of a document number
constexpr size_t kLongestSerial = 16;         // code points between the year and 号
constexpr int64_t kGreatest = 1'000'000'000;  // larger values mean no more

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char32_t c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); }
bool IsBlankedDigit(char32_t c) {
  return IsDigit(c) || c == '*' || c == 'x' || c == U'×' || c == U'某' || c == U'〇';
}

int ChineseDigit(char32_t c) {
  switch (c) {
    case U'〇':
    case U'零':
      return 0;
    case U'一':
      return 1;
    case U'二':
    case U'两':
      return 2;
    case U'三':
    case U'几':  // "几十", "十几": at least three
    case U'数':
      return 3;
    case U'四':
      return 4;
    case U'五':
      return 5;
    case U'六':
      return 6;
    case U'七':
      return 7;
    case U'八':
      return 8;
    case U'九':
      return 9;
    default:
      return -1;
  }
}

int64_t ChineseUnit(char32_t c) {
  switch (c) {
    case U'十':
      return 10;
    case U'百':
      return 100;
    case U'千':
      return 1000;
    case U'万':
      return 10'000;
    case U'亿':
      return 100'000'000;
    default:
      return 0;
  }
}

// The characters that a reference can begin with: few, so most of a text is passed over by one look
// into a set of bits.
class OpeningCharacters {
 public:
  OpeningCharacters() {
    for (char32_t c = 0; c < kBasicPlane; ++c) {
      if (c == '(' || c == '[' || c == U'〔' || IsAlphanumeric(c) || ChineseDigit(c) >= 0 ||
          ChineseUnit(c) != 0) {
        bits_[c / 64] |= uint64_t{1} << (c % 64);
      }
    }
  }
  bool Holds(char32_t c) const { return c < kBasicPlane && (bits_[c / 64] >> (c % 64) & 1) != 0; }

 private:
  static constexpr char32_t kBasicPlane = 0x10000;
  std::array<uint64_t, kBasicPlane / 64> bits_{};
};

const OpeningCharacters& Openings() {
  static const OpeningCharacters characters;
  return characters;
}

// Reads digits with an optional fraction, in hundredths, from `at`; moves `at` behind them.
int64_t ReadDecimal(std::u32string_view text, size_t* at) {
  int64_t value = 0;
  const auto digit = [&](size_t i) { return i < text.size() && IsDigit(text[i]); };
  while (digit(*at) || (*at < text.size() && text[*at] == ',' && digit(*at + 1) && digit(*at + 2) &&
                        digit(*at + 3))) {
    if (text[*at] != ',' && value < kGreatest) {
      value = value * 10 + (text[*at] - '0');
    }
    ++*at;
  }
  value *= 100;
  if (*at < text.size() && text[*at] == '.' && digit(*at + 1)) {
    int64_t place = 10;
    for (++*at; digit(*at); ++*at) {
      value += place * (text[*at] - '0');
      place /= 10;
    }
  }
  return value;
}

// Reads a Chinese number from `at`; moves `at` behind it.
int64_t ReadChinese(std::u32string_view text, size_t* at) {
  int64_t total = 0;    // finished parts of 万 and 亿
  int64_t section = 0;  // below the next 万
  int64_t digit = -1;
  for (; *at < text.size(); ++*at) {
    const char32_t c = text[*at];
    if (const int64_t unit = ChineseUnit(c); unit != 0) {
      if (unit >= 10'000) {
        section += std::max<int64_t>(digit, 0);
        total = (total + std::max<int64_t>(section, 1)) * unit;
        section = 0;
      } else {
        section += (digit < 0 ? 1 : digit) * unit;
      }
      digit = -1;
    } else if (const int value = ChineseDigit(c); value >= 0 && c != U'数') {
      // "七八万" means seven or eight; "二〇二三" is written digit by digit.
      const bool about = digit > 0 && digit < 10 && value > digit && value <= digit + 2;
      digit = digit >= 0 && !about && digit < kGreatest ? digit * 10 + value : value;
    } else if (c == U'数' && *at + 1 < text.size() && ChineseUnit(text[*at + 1]) != 0) {
      digit = 3;
    } else {
      break;
    }
    total = std::min(total, kGreatest);
    section = std::min(section, kGreatest);
  }
  return total + section + std::max<int64_t>(digit, 0);
}

bool Contains(std::u32string_view text, std::u32string_view word) {
  return text.find(word) != std::u32string_view::npos;
}

ReferenceType CourtType(std::u32string_view serial) {
  // Administrative cases carry 行 before 初, 终, 申, 再, 审 or 赔; 执行 never stands in a number.
  if (Contains(serial, U"行")) {
    return ReferenceType::kCourtAdministrative;
  }
  if (Contains(serial, U"刑")) {
    return ReferenceType::kCourtCriminal;
  }
  if (Contains(serial, U"执")) {
    return ReferenceType::kCourtEnforcement;
  }
  if (Contains(serial, U"民") || Contains(serial, U"调")) {
    return ReferenceType::kCourtCivil;
  }
  return ReferenceType::kCourtOther;
}

ReferenceType DocumentType(std::u32string_view agency) {
  if (Contains(agency, U"罚")) {
    return ReferenceType::kPenaltyDocument;
  }
  if (Contains(agency, U"信")) {
    return ReferenceType::kPetitionDocument;
  }
  if (Contains(agency, U"复决") || Contains(agency, U"政复") || Contains(agency, U"行复") ||
      Contains(agency, U"复议") || Contains(agency, U"复字")) {
    return ReferenceType::kReconsiderationDocument;
  }
  return ReferenceType::kOfficialDocument;
}

bool HasCheckDigit(std::u32string_view code) {
  constexpr std::string_view kAlphabet = "0123456789abcdefghjklmnpqrtuwxy";
  int weight = 1;
  int sum = 0;
  for (size_t i = 0; i < 18; ++i) {
    const size_t value = kAlphabet.find(static_cast<char>(code[i]));
    if (value == std::string_view::npos) {
      return false;
    }
    if (i == 17) {
      return static_cast<int>(value) == (31 - sum % 31) % 31;
    }
    sum += static_cast<int>(value) * weight;
    weight = weight * 3 % 31;
  }
  return false;
}

}  // namespace

std::string_view Name(ReferenceType type) { return kNames[static_cast<size_t>(type)].name; }

std::optional<ReferenceType> ReferenceTypeFromName(std::string_view name) {
  for (const NamedType& row : kNames) {
    if (row.name == name) {
      return row.type;
    }
  }
  return std::nullopt;
}

ReferenceType CourtCaseType(std::string_view number) {
  std::u32string points;
  for (size_t at = 0; at < number.size();) {
    points.push_back(DecodeUtf8(number, &at));
  }
  return CourtType(points);
}

std::optional<ReferenceType> ReferenceOf(domain::InstrumentType type, std::string_view number) {
  switch (type) {
    case domain::InstrumentType::kCourtCase:
      return CourtCaseType(number);
    case domain::InstrumentType::kPenaltyDecision:
      return ReferenceType::kPenaltyDocument;
    case domain::InstrumentType::kOfficialDocument:
      return ReferenceType::kOfficialDocument;
    case domain::InstrumentType::kReconsiderationCase:
      return ReferenceType::kReconsiderationDocument;
    case domain::InstrumentType::kPetitionItem:
      return ReferenceType::kPetitionDocument;
    default:
      return std::nullopt;
  }
}

bool ReferenceScanner::StartsWith(size_t at, std::u32string_view word) const {
  return points_.compare(at, word.size(), word) == 0;
}

bool ReferenceScanner::EndsWith(size_t at, std::u32string_view word) const {
  return at >= word.size() && points_.compare(at - word.size(), word.size(), word) == 0;
}

bool ReferenceScanner::ContainsBefore(size_t at, size_t reach, std::u32string_view word) const {
  const size_t from = at > reach ? at - reach : 0;
  return Contains(points_.substr(from, at - from), word);
}

void ReferenceScanner::Add(ReferenceType type, size_t from, size_t to, int64_t value,
                           std::vector<Reference>* found) const {
  found->push_back({type, offsets_[from], offsets_[to], value});
}

// "(2023)浙0424行初12号" or "盐司函〔2023〕2号", `at` on the opening bracket.
bool ReferenceScanner::DocumentAt(size_t at, std::vector<Reference>* found) {
  const std::u32string_view text = points_;
  if (at + 6 >= text.size() || !(text[at + 1] == '1' || text[at + 1] == '2') ||
      !std::all_of(text.begin() + static_cast<ptrdiff_t>(at) + 1,
                   text.begin() + static_cast<ptrdiff_t>(at) + 5, IsDigit)) {
    return false;
  }
  const char32_t close = text[at + 5];
  if (close != ')' && close != ']' && close != U'〕') {
    return false;
  }
  const size_t serial_from = at + 6;
  size_t to = serial_from;
  while (to < text.size() && to < serial_from + kLongestSerial && text[to] != U'号' &&
         (IsHan(text[to]) || IsAlphanumeric(text[to]) || IsBlankedDigit(text[to]))) {
    ++to;
  }
  if (to >= text.size() || text[to] != U'号' || to == serial_from) {
    return false;
  }
  const std::u32string_view serial = text.substr(serial_from, to - serial_from);
  const bool numbered = serial[0] == U'第' || IsBlankedDigit(serial[0]);
  if (!numbered) {
    Add(CourtType(serial), at, to + 1, 0, found);
    return true;
  }
  size_t from = at;
  while (from > 0 && at - from < kLongestAgency && IsHan(text[from - 1])) {
    --from;
  }
  if (from == at) {
    return false;
  }
  Add(DocumentType(text.substr(from, at - from)), from, to + 1, 0, found);
  return true;
}

// Letters and digits from `at`: true when they are a credit code, 18 with a right check digit.
bool ReferenceScanner::CodeAt(size_t at, std::vector<Reference>* found) {
  size_t to = at;
  while (to < points_.size() && IsAlphanumeric(points_[to])) {
    ++to;
  }
  if (to - at == 18 && HasCheckDigit(points_.substr(at, 18))) {
    Add(ReferenceType::kCreditCode, at, to, 0, found);
    return true;
  }
  if (to - at >= 6 && ContainsBefore(at, 12, U"信访") && ContainsBefore(at, 8, U"编号")) {
    Add(ReferenceType::kPetitionDocument, at, to, 0, found);
  }
  return false;
}

// A number with its unit, from `at`; returns where to go on.
size_t ReferenceScanner::NumberAt(size_t at, std::vector<Reference>* found) {
  const std::u32string_view text = points_;
  size_t to = at;
  int64_t hundredths = 0;
  if (IsDigit(text[at])) {
    hundredths = ReadDecimal(text, &to);
    for (; to < text.size() && ChineseUnit(text[to]) >= 100; ++to) {  // "18.6万"
      hundredths = std::min(hundredths, kGreatest) * ChineseUnit(text[to]);
    }
  } else {
    hundredths = ReadChinese(text, &to) * 100;
  }
  if (to == at) {
    return at + 1;
  }
  int64_t value = hundredths / 100;
  const size_t number_end = to;
  const bool ordinal = EndsWith(at, U"第");
  if (ordinal && to < text.size() && text[to] == U'条') {
    if (EndsWith(at - 1, U"法") || EndsWith(at - 1, U"条例") || EndsWith(at - 1, U"规定") ||
        EndsWith(at - 1, U"办法") || EndsWith(at - 1, U"》") || EndsWith(at - 1, U"规则")) {
      Add(ReferenceType::kStatuteArticle, at - 1, to + 1, value, found);
    }
    return to + 1;
  }
  while (to < text.size() && (text[to] == U'多' || text[to] == U'余' || text[to] == U'来')) {
    ++to;
  }
  while (to < text.size() && ChineseUnit(text[to]) != 0) {  // "三十多万"
    value = std::min(value, kGreatest) * ChineseUnit(text[to++]);
  }
  const bool myriads = text[to - 1] == U'万' || text[to - 1] == U'亿';
  const auto unit = [&](std::u32string_view word) {
    if (!StartsWith(to, word)) {
      return false;
    }
    to += word.size();
    return true;
  };
  if (unit(U"次") || unit(U"趟") || unit(U"回") || unit(U"遍")) {
    Add(ReferenceType::kTimes, at, to, value, found);
    return to;
  }
  if (ordinal) {
    return number_end;
  }
  if (unit(U"元") || unit(U"块")) {
    Add(ReferenceType::kAmount, at, to, value, found);
    return to;
  }
  const bool date = value >= 1900 && value < 2100;
  const int64_t periods = std::min(value, kGreatest);
  if (unit(U"个工作日") || unit(U"天")) {
    Add(ReferenceType::kDays, at, to, value, found);
  } else if (unit(U"个月")) {
    Add(ReferenceType::kDays, at, to, periods * 30, found);
  } else if (unit(U"个星期") || unit(U"个礼拜") || unit(U"周")) {
    Add(ReferenceType::kDays, at, to, periods * 7, found);
  } else if (StartsWith(to, U"年") && !date) {
    unit(U"年");
    Add(ReferenceType::kDays, at, to, periods * 365, found);
  } else if (StartsWith(to, U"日") && !EndsWith(at, U"月")) {
    unit(U"日");
    Add(ReferenceType::kDays, at, to, value, found);
  } else if (!StartsWith(to, U"人大") && !StartsWith(to, U"人民") && !StartsWith(to, U"家里") &&
             (unit(U"户") || unit(U"名") || unit(U"人") || unit(U"位") || unit(U"家") ||
              unit(U"个人") || unit(U"个老人") || unit(U"个孩子") || unit(U"个学生") ||
              unit(U"个业主") || unit(U"个工人") || unit(U"个村民") || unit(U"个农民工") ||
              unit(U"个邻居") || unit(U"个家长") || unit(U"号人"))) {
    Add(ReferenceType::kPersons, at, to, value, found);
  } else if (myriads) {
    Add(ReferenceType::kAmount, at, to, value, found);
  } else {
    return number_end;
  }
  return to;
}

void ReferenceScanner::Find(std::string_view text, std::vector<Reference>* found) {
  own_points_.clear();
  own_offsets_.clear();
  for (size_t at = 0; at < text.size();) {
    own_offsets_.push_back(static_cast<uint32_t>(at));
    own_points_.push_back(DecodeUtf8(text, &at));
  }
  own_offsets_.push_back(static_cast<uint32_t>(text.size()));
  Find(own_points_, own_offsets_.data(), found);
}

void ReferenceScanner::Find(std::u32string_view points, const uint32_t* offsets,
                            std::vector<Reference>* found) {
  points_ = points;
  offsets_ = offsets;
  const OpeningCharacters& openings = Openings();
  for (size_t at = 0; at < points_.size();) {
    const char32_t c = points_[at];
    if (!openings.Holds(c)) {
      ++at;
    } else if (c == '(' || c == '[' || c == U'〔') {
      DocumentAt(at, found);
      ++at;
    } else if (c < 0x80) {
      const bool word_start = at == 0 || !IsAlphanumeric(points_[at - 1]);
      if (word_start && CodeAt(at, found)) {
        at += 18;
      } else {
        at = IsDigit(c) ? std::max(NumberAt(at, found), at + 1) : at + 1;
      }
    } else {
      at = std::max(NumberAt(at, found), at + 1);
    }
  }
}

}  // namespace supervision::classification
