#include "services/config/calendar_config.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/config/suggest.h"

namespace supervision::config {
namespace {

constexpr int kFirstYear = 2000;
constexpr int kLastYear = 2100;

// "MM-DD" of `year`.
std::optional<absl::CivilDay> ToDay(int year, absl::string_view text) {
  absl::CivilDay day;
  if (text.size() != 5 || !absl::ParseCivilTime(absl::StrCat(year, "-", text), &day)) {
    return std::nullopt;
  }
  return day;
}

// "08:30" as the time since midnight.
absl::Duration ToTimeOfDay(const std::string& text, absl::Duration otherwise,
                           const SourceMap& source, const std::string& path, Problems* problems) {
  if (text.empty()) return otherwise;
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  int hours = 0;
  int minutes = 0;
  if (parts.size() != 2 || parts[1].size() != 2 || !absl::SimpleAtoi(parts[0], &hours) ||
      !absl::SimpleAtoi(parts[1], &minutes) || hours < 0 || hours > 23 || minutes < 0 ||
      minutes > 59) {
    problems->Add(source, path, absl::StrCat(Quote(text), " is no time; write it as 08:30"));
    return otherwise;
  }
  return absl::Hours(hours) + absl::Minutes(minutes);
}

}  // namespace

domain::Calendar ToCalendar(const v1::CalendarFile& file, const SourceMap& source,
                            Problems* problems) {
  domain::Calendar calendar;
  for (int i = 0; i < file.years_size(); ++i) {
    const v1::CalendarYear& from = file.years(i);
    const std::string at = absl::StrCat("years[", i, "]");
    if (from.year() < kFirstYear || from.year() > kLastYear) {
      problems->Add(source, at + ".year", "is missing or no year; write one as 2026");
      continue;
    }
    const auto [year, is_new] = calendar.years.try_emplace(from.year());
    if (!is_new) {
      problems->Add(source, at + ".year", "stands twice; keep one of them");
      continue;
    }
    for (int k = 0; k < from.off_size(); ++k) {
      const std::vector<absl::string_view> ends = absl::StrSplit(from.off(k), "..");
      const std::optional<absl::CivilDay> first = ToDay(from.year(), ends.front());
      const std::optional<absl::CivilDay> last = ToDay(from.year(), ends.back());
      if (ends.size() > 2 || !first.has_value() || !last.has_value() || *last < *first) {
        problems->Add(source, absl::StrCat(at, ".off[", k, "]"),
                      absl::StrCat(Quote(from.off(k)),
                                   " is no day; write 01-01, or 02-15..02-23 for several"));
        continue;
      }
      for (absl::CivilDay day = *first; day <= *last; ++day) year->second.off.insert(day);
    }
    for (int k = 0; k < from.working_size(); ++k) {
      const std::string path = absl::StrCat(at, ".working[", k, "]");
      const std::optional<absl::CivilDay> day = ToDay(from.year(), from.working(k));
      if (!day.has_value()) {
        problems->Add(source, path,
                      absl::StrCat(Quote(from.working(k)), " is no day; write it as 01-04"));
        continue;
      }
      const absl::Weekday weekday = absl::GetWeekday(*day);
      if (weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday) {
        problems->Add(source, path,
                      "is neither Saturday nor Sunday, so it is a working day anyway; remove it");
        continue;
      }
      year->second.working.insert(*day);
    }
  }
  calendar.opens =
      ToTimeOfDay(file.office_opens(), calendar.opens, source, "office_opens", problems);
  calendar.closes =
      ToTimeOfDay(file.office_closes(), calendar.closes, source, "office_closes", problems);
  if (calendar.closes <= calendar.opens) {
    problems->Add(source, "office_closes", "is not after office_opens; offices close later");
  }
  return calendar;
}

}  // namespace supervision::config
