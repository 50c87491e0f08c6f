#include "services/classification/references.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "services/classification/numerals.h"
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

constexpr size_t kLongestAgency = 14;  // code points before the year of a document number
constexpr size_t kKindOfDocument = 6;  // the last of them, which say what document it is
constexpr size_t kLongestSerial = 16;  // code points between the year and 号

bool IsAlphanumeric(char32_t c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); }
bool IsBlankedDigit(char32_t c) {
  return IsDigit(c) || c == '*' || c == 'x' || c == U'×' || c == U'某' || c == U'〇';
}

bool IsOpeningBracket(char32_t c) { return c == '(' || c == '[' || c == U'〔' || c == U'【'; }
bool IsClosingBracket(char32_t c) { return c == ')' || c == ']' || c == U'〕' || c == U'】'; }

// The characters that a reference can begin with: few, so most of a text is passed over by one look
// into a set of bits.
class OpeningCharacters {
 public:
  OpeningCharacters() {
    for (char32_t c = 0; c < kBasicPlane; ++c) {
      if (IsOpeningBracket(c) || IsAlphanumeric(c) || ChineseDigit(c) >= 0 || ChineseUnit(c) != 0) {
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

// Where the last of `words` in `text` ends, what then goes on with some of `more` included; 0 when
// there is none.
size_t EndOfLast(std::u32string_view text, std::initializer_list<std::u32string_view> words,
                 std::u32string_view more) {
  size_t end = 0;
  for (const std::u32string_view word : words) {
    const size_t at = text.rfind(word);
    if (at != std::u32string_view::npos) {
      end = std::max(end, at + word.size());
    }
  }
  while (end > 0 && end < text.size() && more.find(text[end]) != std::u32string_view::npos) {
    ++end;
  }
  return end;
}

// By the characters that stand directly before the bracket (or, where the year comes first, before
// the number). What was said before that is prose: "对信访答复不服的盐综执罚决字" is a penalty. Of
// two kinds the last counts. A bare 信 is part of an organ's name (经信, 信息).
ReferenceType DocumentType(std::u32string_view agency) {
  const std::u32string_view kind =
      agency.substr(agency.size() - std::min(agency.size(), kKindOfDocument));
  // 罚款 and 罚单 stand in sentences.
  size_t penalty = EndOfLast(kind, {U"罚"}, U"决字定先告听催没当简");
  if (penalty > 0 && penalty < kind.size() && Contains(U"款单金则过了", kind.substr(penalty, 1))) {
    penalty = 0;
  }
  const size_t petition = EndOfLast(
      kind, {U"信访", U"信复", U"信答", U"信受", U"信告", U"信核", U"访复", U"访答", U"访告"},
      U"复查核答受理告决字意见定");
  const size_t reconsideration = EndOfLast(
      kind, {U"复决", U"政复", U"府复", U"行复", U"复议", U"复字"}, U"决字不受驳终止中延");
  if (petition > 0 && petition >= std::max(penalty, reconsideration)) {
    return ReferenceType::kPetitionDocument;
  }
  if (penalty > reconsideration) {
    return ReferenceType::kPenaltyDocument;
  }
  return reconsideration > 0 ? ReferenceType::kReconsiderationDocument
                             : ReferenceType::kOfficialDocument;
}

// Of a number whose year comes first, what stands between year and number: a court's
// ("浙0424行初"), else an organ's ("盐行罚字", "盐行复"). Courts have no 罚, and 复 only behind 执
// or 审.
ReferenceType YearFirstType(std::u32string_view serial) {
  size_t to = 0;
  while (to < serial.size() && IsHan(serial[to]) && serial[to] != U'第') {
    ++to;
  }
  const ReferenceType document = DocumentType(serial.substr(0, to));
  return document == ReferenceType::kOfficialDocument ? CourtType(serial) : document;
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
  const auto past_spaces = [text](size_t i) {
    for (int most = 2; most > 0 && i < text.size() && text[i] == ' '; --most) {
      ++i;
    }
    return i;
  };
  const size_t year = past_spaces(at + 1);
  if (year + 5 >= text.size() || !(text[year] == '1' || text[year] == '2') ||
      !std::all_of(text.begin() + static_cast<ptrdiff_t>(year),
                   text.begin() + static_cast<ptrdiff_t>(year) + 4, IsDigit)) {
    return false;
  }
  const size_t close = past_spaces(year + 4);
  if (close >= text.size() || !IsClosingBracket(text[close])) {
    return false;
  }
  const size_t serial_from = past_spaces(close + 1);
  size_t to = serial_from;
  const auto joins = [text](size_t i) {  // "8-1号"
    return text[i] == '-' && IsDigit(text[i - 1]) && i + 1 < text.size() && IsDigit(text[i + 1]);
  };
  while (to < text.size() && to < serial_from + kLongestSerial && text[to] != U'号' &&
         (IsHan(text[to]) || IsAlphanumeric(text[to]) || IsBlankedDigit(text[to]) || joins(to))) {
    ++to;
  }
  if (to >= text.size() || text[to] != U'号' || to == serial_from) {
    return false;
  }
  const std::u32string_view serial = text.substr(serial_from, to - serial_from);
  const bool numbered = serial[0] == U'第' || IsBlankedDigit(serial[0]);
  if (!numbered) {
    Add(YearFirstType(serial), at, to + 1, 0, found);
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

// The days of the period whose number `value` begins at `at` and ends at `*to`, which moves behind
// the unit; `more`: "三个多月" and "30多天" are longer than three months and 30 days.
std::optional<int64_t> ReferenceScanner::DaysAt(size_t at, int64_t value, bool more,
                                                size_t* to) const {
  struct Unit {
    std::u32string_view word;
    int64_t days;
    bool halved;  // "三个半月"
    bool more;
  };
  static constexpr std::array<Unit, 14> kUnits = {{{U"个工作日", 1, false, false},
                                                   {U"天", 1, false, false},
                                                   {U"个月", 30, false, false},
                                                   {U"个多月", 30, false, true},
                                                   {U"个余月", 30, false, true},
                                                   {U"个半月", 30, true, false},
                                                   {U"个星期", 7, false, false},
                                                   {U"个多星期", 7, false, true},
                                                   {U"个半星期", 7, true, false},
                                                   {U"个礼拜", 7, false, false},
                                                   {U"个多礼拜", 7, false, true},
                                                   {U"周年", 365, false, false},
                                                   {U"周", 7, false, false},
                                                   {U"年", 365, false, false}}};
  if (*to >= points_.size() || !Contains(U"个天周年日", points_.substr(*to, 1))) {
    return std::nullopt;
  }
  const int64_t periods = std::min(value, kGreatest);
  for (const Unit& unit : kUnits) {
    if (!StartsWith(*to, unit.word)) {
      continue;
    }
    const size_t end = *to + unit.word.size();
    if (unit.word == U"周" && StartsWith(end, U"岁")) {
      return std::nullopt;
    }
    if (unit.word == U"年" && (!YearsAt(value, end) || (!more && ShortYearAt(at, *to)))) {
      return std::nullopt;
    }
    *to = end;
    // Longer by a day at least: "一个多月" is more than the 30 days that the law allows.
    const int64_t longer = more || unit.more ? 1 : 0;
    return (unit.word == U"天" || unit.word == U"个工作日" ? value : periods * unit.days) +
           (unit.halved ? unit.days / 2 : 0) + longer;
  }
  if (StartsWith(*to, U"日") && !DayOfMonthAt(at)) {
    ++*to;
    return value + (more ? 1 : 0);
  }
  return std::nullopt;
}

// Whether "千万" at `at` is a sum ("上千万元"), and not the word ("千万别").
bool ReferenceScanner::CountsMillions(size_t at) const {
  const auto among = [this](size_t i, std::u32string_view characters) {
    return i < points_.size() && characters.find(points_[i]) != std::u32string_view::npos;
  };
  return among(at + 2, U"元块多余级资投工项补贷") || (at > 0 && among(at - 1, U"上近达过超逾"));
}

// Whether "年" that ends at `end` is a period, and not a year ("2023年", "23年5月", "80年代"), a
// form or a kind of school ("三年级", "九年制").
bool ReferenceScanner::YearsAt(int64_t value, size_t end) const {
  if (value >= 1900 && value < 2100) {
    return false;
  }
  for (const std::u32string_view word : {U"级", U"制", U"义务", U"一贯", U"度"}) {
    if (StartsWith(end, word)) {
      return false;
    }
  }
  if (value >= 10 && value % 10 == 0 && value < 100 && StartsWith(end, U"代")) {
    return false;
  }
  size_t next = end;
  while (next < points_.size() && next < end + 2 &&
         (IsDigit(points_[next]) || ChineseDigit(points_[next]) >= 0 ||
          ChineseUnit(points_[next]) == 10)) {
    ++next;
  }
  return next == end || next >= points_.size() || points_[next] != U'月';
}

// Whether the number from `at` on, with the 年 at `unit`, is a year of two digits ("22年买的车",
// "零八年"), and not a period that is told as one ("等了15年", "20年没有结论").
bool ReferenceScanner::ShortYearAt(size_t at, size_t unit) const {
  const bool two = unit == at + 2 && IsDigit(points_[at]) && IsDigit(points_[at + 1]);
  if (!two && points_[at] != U'零' && points_[at] != U'〇') {
    return false;
  }
  for (const std::u32string_view word : {U"了", U"没", U"未", U"以上", U"之久", U"还", U"都"}) {
    if (StartsWith(unit + 1, word)) {
      return false;
    }
  }
  for (const std::u32string_view word : {U"了", U"过", U"近", U"快", U"已", U"整", U"满", U"达"}) {
    if (EndsWith(at, word)) {
      return false;
    }
  }
  return true;
}

// Whether the number at `at` before 日 is a day of a month: "9月15日", "9月15日至20日".
bool ReferenceScanner::DayOfMonthAt(size_t at) const {
  constexpr size_t kReach = 8;  // "9月15日至"
  if (EndsWith(at, U"月")) {
    return true;
  }
  for (const std::u32string_view word : {U"至", U"到", U"-", U"~", U"—", U"、", U"和"}) {
    if (EndsWith(at, word)) {
      return ContainsBefore(at, kReach, U"月") && !ContainsBefore(at, kReach, U"个月");
    }
  }
  return false;
}

// Whether a number before a word for persons, homes or shops counts them.
bool ReferenceScanner::CountsPersons(const Counted& counted) const {
  const size_t to = counted.to;
  if (to >= points_.size() || !Contains(U"户名人位家个号", points_.substr(to, 1))) {
    return false;
  }
  const auto any = [this](size_t i, std::initializer_list<std::u32string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [this, i](std::u32string_view word) { return StartsWith(i, word); });
  };
  const auto behind = [this, &counted](std::initializer_list<std::u32string_view> words) {
    return std::any_of(words.begin(), words.end(), [this, &counted](std::u32string_view word) {
      return EndsWith(counted.at, word);
    });
  };
  // Behind a number 人 is also the beginning of another word.
  if (any(to,
          {U"人大",   U"人民",   U"人才招", U"人才引", U"人才公", U"人才市", U"人才补", U"人才政",
           U"人才中", U"人才交", U"人才服", U"人才计", U"人社局", U"人社厅", U"人社部", U"人社热",
           U"人工湖", U"人工智", U"人工费", U"人工服", U"人工客", U"人工热", U"家里",   U"户型",
           U"户籍",   U"位数",   U"位密码", U"位号码", U"位验证", U"位于",   U"位置"}) ||
      (StartsWith(to, U"户口") && !StartsWith(to, U"户口粮"))) {
    return false;
  }
  if (StartsWith(to, U"位")) {
    constexpr size_t kReach = 6;  // "身份证号码是18位"
    for (const std::u32string_view word :
         {U"身份证", U"手机号", U"密码", U"验证码", U"号码", U"卡号", U"尾号", U"代码"}) {
      if (ContainsBefore(counted.at, kReach, word)) {
        return false;
      }
    }
  }
  const size_t digits = counted.number_end - counted.at;
  if (counted.number_end != to || digits == 0 || !IsDigit(points_[counted.at])) {
    return true;
  }
  // "3幢2单元301户" is one home.
  constexpr int64_t kMostRooms = 30;  // of a floor
  const int64_t room = counted.value % 100;
  if ((digits == 3 || digits == 4) && room >= 1 && room <= kMostRooms && StartsWith(to, U"户") &&
      behind({U"幢", U"栋", U"单元", U"楼", U"号", U"室"})) {
    return false;
  }
  // Years: "2024人才", "2023家".
  if (digits == 4 && counted.value >= 1900 && counted.value < 2100 && counted.value % 100 != 0) {
    return false;
  }
  // Hotlines.
  static constexpr std::array<int64_t, 6> kHotlines = {12315, 12333, 12345, 12348, 12369, 95598};
  if (std::find(kHotlines.begin(), kHotlines.end(), counted.value) != kHotlines.end()) {
    return false;
  }
  static constexpr std::array<int64_t, 4> kEmergencies = {110, 119, 120, 122};
  return std::find(kEmergencies.begin(), kEmergencies.end(), counted.value) == kEmergencies.end() ||
         !(any(to, {U"人员", U"人工"}) || behind({U"打", U"打了", U"打过", U"打的", U"拨", U"拨打",
                                                  U"拨了", U"报", U"叫", U"叫了"}));
}

// A number with its unit, from `at`; returns where to go on.
size_t ReferenceScanner::NumberAt(size_t at, std::vector<Reference>* found) {
  const std::u32string_view text = points_;
  size_t to = at;
  // "万一", "千万别" and "千家万户" count nothing.
  if (StartsWith(at, U"万一") || (StartsWith(at, U"千万") && !CountsMillions(at))) {
    return at + 2;
  }
  if (StartsWith(at, U"千家万户")) {
    return at + 4;
  }
  const bool digits = IsDigit(text[at]);
  Number number;
  if (digits) {
    number = ReadDigits(text, &to);
  } else {
    number.whole = ReadChinese(text, &to);
  }
  if (to == at) {
    return at + 1;
  }
  const size_t number_end = to;
  const bool ordinal = EndsWith(at, U"第");
  if (ordinal && to < text.size() && text[to] == U'条') {
    if (EndsWith(at - 1, U"法") || EndsWith(at - 1, U"条例") || EndsWith(at - 1, U"规定") ||
        EndsWith(at - 1, U"办法") || EndsWith(at - 1, U"》") || EndsWith(at - 1, U"规则")) {
      Add(ReferenceType::kStatuteArticle, at - 1, to + 1, number.whole, found);
    }
    return to + 1;
  }
  while (to < text.size() && (text[to] == U'多' || text[to] == U'余' || text[to] == U'来')) {
    ++to;
  }
  const bool more = to > number_end && text[number_end] != U'来';
  while (to < text.size() && ChineseUnit(text[to]) != 0) {  // "三十多万", "18.6余万"
    number.Multiply(ChineseUnit(text[to++]));
  }
  const int64_t value = number.whole;
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
  if (const std::optional<int64_t> days = DaysAt(at, value, more, &to)) {
    Add(ReferenceType::kDays, at, to, *days, found);
    return to;
  }
  if (CountsPersons({at, number_end, to, value}) &&
      (unit(U"户") || unit(U"名") || unit(U"人") || unit(U"位") || unit(U"家") || unit(U"个人") ||
       unit(U"个老人") || unit(U"个孩子") || unit(U"个学生") || unit(U"个业主") ||
       unit(U"个工人") || unit(U"个村民") || unit(U"个农民工") || unit(U"个邻居") ||
       unit(U"个家长") || unit(U"号人"))) {
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
    } else if (IsOpeningBracket(c)) {
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
