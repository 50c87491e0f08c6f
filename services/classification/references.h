#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/domain/clue.h"

namespace supervision::classification {

// What a clue's text refers to, as typed values that rules can use: <行政案号> is not a phrase.
enum class ReferenceType : uint8_t {
  kCourtAdministrative,  // （2023）浙0424行初12号
  kCourtCivil,           // 民初, 民终 …
  kCourtCriminal,        // 刑初 …
  kCourtEnforcement,     // 执, 执恢, 执异
  kCourtOther,
  kPenaltyDocument,          // 盐综执罚决字〔2023〕第000123号
  kReconsiderationDocument,  // 盐政复〔2023〕8号
  kPetitionDocument,         // 盐信复查〔2023〕3号, 信访事项编号 …
  kOfficialDocument,         // 盐司函〔2023〕2号
  kCreditCode,               // with a right check digit
  kAmount,                   // value: yuan
  kPersons,                  // value: persons or households; "几十" counts as 30
  kDays,                     // value: days; a month counts 30, a year 365, "一个多月" 31
  kTimes,                    // value: "第三次", "跑了五趟"
  kStatuteArticle,           // 行政处罚法第六十三条
};
inline constexpr size_t kReferenceTypes = 15;

// The word for a type in patterns ("court_administrative"), and back.
std::string_view Name(ReferenceType type);
std::optional<ReferenceType> ReferenceTypeFromName(std::string_view name);

// One reference: bytes [begin, end) of the normalised text.
struct Reference {
  ReferenceType type;
  uint32_t begin = 0;
  uint32_t end = 0;
  int64_t value = 0;
};

// Finds the references of a normalised text. Keeps its memory between texts; not thread-safe.
class ReferenceScanner {
 public:
  // Appends the references of `text` in order of their place. Linear time.
  void Find(std::string_view text, std::vector<Reference>* found);

  // The same for a text that is decoded already: character i begins at byte offsets[i]; there is
  // one offset more than characters.
  void Find(std::u32string_view points, const uint32_t* offsets, std::vector<Reference>* found);

 private:
  bool DocumentAt(size_t at, std::vector<Reference>* found);
  size_t NumberAt(size_t at, std::vector<Reference>* found);
  std::optional<int64_t> DaysAt(size_t at, int64_t value, bool more, size_t* to) const;
  bool CountsMillions(size_t at) const;
  bool YearsAt(int64_t value, size_t end) const;
  bool ShortYearAt(size_t at, size_t unit) const;
  bool DayOfMonthAt(size_t at) const;
  // A number from `at` to `number_end`; from `to` on, behind "多" and units, stands what it counts.
  struct Counted {
    size_t at;
    size_t number_end;
    size_t to;
    int64_t value;
  };
  bool CountsPersons(const Counted& counted) const;
  bool CodeAt(size_t at, std::vector<Reference>* found);
  bool StartsWith(size_t at, std::u32string_view word) const;
  bool EndsWith(size_t at, std::u32string_view word) const;
  bool ContainsBefore(size_t at, size_t reach, std::u32string_view word) const;
  void Add(ReferenceType type, size_t from, size_t to, int64_t value,
           std::vector<Reference>* found) const;

  std::u32string_view points_;
  const uint32_t* offsets_ = nullptr;  // of each code point in bytes, and one past the last
  std::u32string own_points_;          // of a text that came undecoded
  std::vector<uint32_t> own_offsets_;
};

// What a court's case number (normalised) says of the kind of case.
ReferenceType CourtCaseType(std::string_view number);

// The reference that a partner's instrument stands for; nothing for those that only tell the
// channel (a hotline order) or have no type of reference.
std::optional<ReferenceType> ReferenceOf(domain::InstrumentType type, std::string_view number);

}  // namespace supervision::classification
