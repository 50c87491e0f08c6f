#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/domain/clue.h"
#include "services/domain/error.h"

namespace supervision::intake {

inline constexpr size_t kMaxTitleCodePoints = 200;
inline constexpr size_t kMaxContentCodePoints = 20'000;
inline constexpr size_t kMaxRequestIdLength = 128;
inline constexpr size_t kMaxListLength = 50;  // instruments, amounts, evidence
// So many of a longer list are looked at and reported on.
inline constexpr size_t kMaxCheckedEntries = 2 * kMaxListLength;
inline constexpr size_t kMaxBatchItems = 500;
inline constexpr size_t kMaxBatchBytes = 4 << 20;

// The region codes of GB/T 2260 and their towns: data with version and source. Immutable.
class RegionTable {
 public:
  // Parses lines of "code<TAB>name"; lines that begin with '#' are comments, of which "# version:"
  // and
  // "# source:" are required. All mistakes at once, each with its line.
  static absl::StatusOr<std::unique_ptr<RegionTable>> Parse(std::string_view text,
                                                            std::string_view file_name);
  ~RegionTable();
  bool Contains(std::string_view code) const;  // 6 or 9 digits
  std::string_view version() const;
  std::string_view source() const;
  size_t size() const;

 private:
  struct Data;
  explicit RegionTable(std::unique_ptr<Data> data);
  std::unique_ptr<Data> data_;
};

// The check digit of 统一社会信用代码, GB 32100-2015: 18 characters of 0-9 and A-Z without I, O, S,
// V, Z.
bool IsCreditCode(std::string_view code);

// Collects all mistakes of one request. `field` is a path such as "clue.amounts[3].fen".
using Violations = std::vector<domain::FieldViolation>;

// Each adds what is wrong to `violations`, with the remedy, in English and Chinese, and never
// quotes the value. `path` is put before each field's name: "clue" or "items[7].clue".
void ValidateContent(const domain::ClueContent& content, std::string_view path,
                     const RegionTable& regions, absl::Time now, Violations* violations);
// Whether it is for the table alone that this region is refused: another version of it may have it.
bool IsUnknownRegion(std::string_view code, const RegionTable& regions);
void ValidateRequestId(std::string_view request_id, std::string_view path, Violations* violations);
// The partner's own id of a record, where there is one; by this one rule it is taken and asked for.
void ValidateSourceRecordId(std::string_view record_id, std::string_view path,
                            Violations* violations);
void ValidateWithdrawReason(std::string_view reason, std::string_view path, Violations* violations);
// For ClassifyText.
void ValidateText(std::string_view title, std::string_view content, std::string_view path,
                  Violations* violations);

// INVALID_REQUEST with all of them.
absl::Status ToStatus(Violations violations);

}  // namespace supervision::intake
