#include "services/intake/validation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/domain/civil_date.h"
#include "services/intake/text_rules.h"

namespace supervision::intake {
namespace {

constexpr int64_t kMaxFen = 1'000'000'000'000'000;
constexpr int64_t kMaxPersons = 10'000'000;
constexpr int64_t kMaxEvidenceBytes = int64_t{1} << 40;
constexpr size_t kMaxUriLength = 2048;
constexpr size_t kSha256Bytes = 32;
constexpr int kFirstYear = 1900;

constexpr TextRule kTitle{1, kMaxTitleCodePoints, false};
constexpr TextRule kTitleOfDryRun{0, kMaxTitleCodePoints, false};
constexpr TextRule kContent{1, kMaxContentCodePoints, true};
constexpr TextRule kRecordId{0, 128, false};
constexpr TextRule kUnitName{0, 200, false};
constexpr TextRule kInstrumentNumber{1, 128, false};
constexpr TextRule kPurpose{0, 100, false};
constexpr TextRule kReason{1, 500, true};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsOneOf(char c, std::string_view extra) {
  return IsLetter(c) || IsDigit(c) || extra.find(c) != std::string_view::npos;
}

// scheme ":" and something behind it, all printable ASCII (RFC 3986; the rest is the store's).
bool IsAbsoluteUri(std::string_view uri) {
  const size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == uri.size()) return false;
  if (!IsLetter(uri[0])) return false;
  for (const char c : uri.substr(0, colon)) {
    if (!IsOneOf(c, "+.-")) return false;
  }
  for (const char c : uri.substr(colon + 1)) {
    if (c <= 0x20 || c >= 0x7F) return false;
  }
  return true;
}

// type "/" subtype, each a name of RFC 6838, without parameters.
bool IsMediaType(std::string_view text) {
  constexpr size_t kMaxName = 127;
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  for (const std::string_view name : {text.substr(0, slash), text.substr(slash + 1)}) {
    if (name.empty() || name.size() > kMaxName || !IsOneOf(name[0], "")) return false;
    for (const char c : name) {
      if (!IsOneOf(c, "!#$&^_.+-")) return false;
    }
  }
  return true;
}

bool HasRegionForm(std::string_view code) {
  return code.find_first_not_of("0123456789") == std::string_view::npos &&
         (code.size() == 6 || code.size() == 9);
}

// Looks at one clue; `path` is its place in the request.
class ContentCheck {
 public:
  ContentCheck(std::string_view path, const RegionTable& regions, absl::Time now,
               Violations* violations)
      : path_(path), regions_(regions), today_(domain::CivilDate(now)), violations_(violations) {}

  void Run(const domain::ClueContent& content) {
    ValidateSourceRecordId(content.source_record_id, path_, violations_);
    Text(content.title, kTitle, "title");
    Text(content.content, kContent, "content");
    Date(content.occurred_on, "occurred_on");
    Region(content.region_code);
    Text(content.unit.name, kUnitName, "reported_unit.name");
    CreditCode(content.unit.credit_code);
    Known(content.party_kind, domain::PartyKind::kAnonymous, "party_kind");
    List(content.instruments, "instruments",
         [this](const domain::Instrument& i, const std::string& at) { InstrumentAt(i, at); });
    List(content.amounts, "amounts",
         [this](const domain::Amount& a, const std::string& at) { AmountAt(a, at); });
    if (content.persons_affected.has_value()) {
      Range(*content.persons_affected, kMaxPersons, "persons_affected");
    }
    List(content.evidence, "evidence",
         [this](const domain::Evidence& e, const std::string& at) { EvidenceAt(e, at); });
    Known(content.confidentiality, domain::Confidentiality::kSecret, "confidentiality");
    Known(content.channel, domain::Channel::kOther, "channel");
  }

 private:
  void Add(std::string_view name, std::string english, std::string chinese) {
    violations_->push_back({FieldPath(path_, name), std::move(english), std::move(chinese)});
  }

  void Text(std::string_view text, const TextRule& rule, std::string_view name) {
    ValidateTextField(text, rule, FieldPath(path_, name), violations_);
  }

  void Date(const std::optional<absl::CivilDay>& date, const std::string& name) {
    if (!date.has_value()) return;
    if (date->year() < kFirstYear) {
      Add(name, absl::StrCat("is before ", kFirstYear, "; correct the year"),
          absl::StrCat("早于 ", kFirstYear, " 年；请更正年份"));
    } else if (*date > today_) {
      Add(name, "is in the future (China standard time); write a day up to today",
          "晚于今天（北京时间）；请填写今天或之前的日期");
    }
  }

  void Region(std::string_view code) {
    if (regions_.Contains(code)) return;
    if (code.empty()) {
      Add("region_code", "is missing; write 6 digits of GB/T 2260, or 9 with the town",
          "缺失；请填写 GB/T 2260 的 6 位代码，或含乡镇街道的 9 位代码");
    } else if (!HasRegionForm(code)) {
      Add("region_code", "is not 6 or 9 digits; write 6 digits of GB/T 2260, or 9 with the town",
          "不是 6 位或 9 位数字；请填写 GB/T 2260 的 6 位代码，或含乡镇街道的 9 位代码");
    } else {
      const std::string version(regions_.version());
      Add("region_code",
          absl::StrCat("is not in the list of region codes (", version,
                       "); correct it, or write the 6 digits of the county"),
          absl::StrCat("不在行政区划代码表中（", version, "）；请更正，或只填写县级 6 位代码"));
    }
  }

  void CreditCode(std::string_view code) {
    if (code.empty() || IsCreditCode(code)) return;
    bool shape = code.size() == 18;
    for (const char c : code) {
      shape =
          shape && (IsDigit(c) || (c >= 'A' && c <= 'Z' &&
                                   std::string_view("IOSVZ").find(c) == std::string_view::npos));
    }
    if (shape) {
      Add("reported_unit.credit_code",
          "has a wrong check digit (GB 32100-2015); compare it with the certificate, or leave it "
          "empty",
          "校验码不正确（GB 32100-2015）；请与证书核对，或留空");
    } else {
      Add("reported_unit.credit_code",
          "is not 18 digits and capital letters without I, O, S, V, Z (GB 32100-2015); correct it, "
          "or leave it empty",
          "不是 18 位数字和大写字母（不含 I、O、S、V、Z，GB 32100-2015）；请更正，或留空");
    }
  }

  // Numbers of enums come from the wire and may be of a later version.
  template <typename Enum>
  void Known(Enum value, Enum last, const std::string& name) {
    if (value <= last) return;
    Add(name, "is a value that this version does not know; use one of its proto",
        "取值不在本版本的枚举范围内；请使用 proto 中的取值");
  }

  void Range(int64_t value, int64_t max, const std::string& name) {
    if (value >= 0 && value <= max) return;
    if (value < 0) {
      Add(name, absl::StrCat("is negative; write 0 to ", max),
          absl::StrCat("为负数；请填写 0 至 ", max));
    } else {
      Add(name, absl::StrCat("is above ", max, "; correct it"),
          absl::StrCat("大于 ", max, "；请更正"));
    }
  }

  // One mistake stands for the entries beyond the limit; of these some are still looked at, so that
  // whoever shortens the list hears of what stays wrong.
  template <typename Entry, typename Check>
  void List(const std::vector<Entry>& list, const std::string& name, const Check& check) {
    if (list.size() > kMaxListLength) {
      Add(name, absl::StrCat("has more than ", kMaxListLength, " entries; keep the weightiest"),
          absl::StrCat("超过 ", kMaxListLength, " 项；请只保留最重要的"));
    }
    for (size_t i = 0; i < list.size() && i < kMaxCheckedEntries; ++i) {
      check(list[i], absl::StrCat(name, "[", i, "]"));
    }
  }

  void InstrumentAt(const domain::Instrument& instrument, const std::string& at) {
    Known(instrument.type, domain::InstrumentType::kOther, at + ".type");
    Text(instrument.number, kInstrumentNumber, at + ".number");
    Date(instrument.date, at + ".date");
  }

  void AmountAt(const domain::Amount& amount, const std::string& at) {
    Range(amount.fen, kMaxFen, at + ".fen");
    Text(amount.purpose, kPurpose, at + ".purpose");
  }

  void EvidenceAt(const domain::Evidence& evidence, const std::string& at) {
    if (evidence.uri.size() > kMaxUriLength) {
      Add(at + ".uri", absl::StrCat("is longer than ", kMaxUriLength, " characters; shorten it"),
          absl::StrCat("超过 ", kMaxUriLength, " 个字符；请缩短"));
    } else if (!IsAbsoluteUri(evidence.uri)) {
      Add(at + ".uri", "is not an absolute URI; write scheme:… in printable ASCII",
          "不是绝对 URI；请以“协议:”开头并使用可打印 ASCII 字符");
    }
    if (evidence.sha256.size() != kSha256Bytes) {
      Add(at + ".sha256", "is not 32 bytes; send the raw SHA-256 of the file, not its text form",
          "不是 32 字节；请提交文件 SHA-256 的原始字节，而非其文本形式");
    }
    Range(evidence.size_bytes, kMaxEvidenceBytes, at + ".size_bytes");
    if (!evidence.media_type.empty() && !IsMediaType(evidence.media_type)) {
      Add(at + ".media_type", "is not a media type; write type/subtype such as application/pdf",
          "不是媒体类型；请填写 类型/子类型，例如 application/pdf");
    }
  }

  const std::string_view path_;
  const RegionTable& regions_;
  const absl::CivilDay today_;
  Violations* const violations_;
};

}  // namespace

void ValidateContent(const domain::ClueContent& content, std::string_view path,
                     const RegionTable& regions, absl::Time now, Violations* violations) {
  ContentCheck(path, regions, now, violations).Run(content);
}

bool IsUnknownRegion(std::string_view code, const RegionTable& regions) {
  return HasRegionForm(code) && !regions.Contains(code);
}

void ValidateRequestId(std::string_view request_id, std::string_view path, Violations* violations) {
  bool right = !request_id.empty() && request_id.size() <= kMaxRequestIdLength;
  for (const char c : request_id) right = right && IsOneOf(c, "._:-");
  if (right) return;
  violations->push_back(
      {FieldPath(path, "request_id"),
       absl::StrCat(request_id.empty() ? "is missing" : "is not a request_id", "; write 1 to ",
                    kMaxRequestIdLength, " of A-Z a-z 0-9 . _ : -"),
       absl::StrCat(request_id.empty() ? "缺失" : "格式不正确", "；请填写 1 至 ",
                    kMaxRequestIdLength, " 个字符，限 A-Z a-z 0-9 . _ : -")});
}

void ValidateSourceRecordId(std::string_view record_id, std::string_view path,
                            Violations* violations) {
  ValidateTextField(record_id, kRecordId, FieldPath(path, "source_record_id"), violations);
}

void ValidateWithdrawReason(std::string_view reason, std::string_view path,
                            Violations* violations) {
  ValidateTextField(reason, kReason, FieldPath(path, "reason"), violations);
}

void ValidateText(std::string_view title, std::string_view content, std::string_view path,
                  Violations* violations) {
  ValidateTextField(title, kTitleOfDryRun, FieldPath(path, "title"), violations);
  ValidateTextField(content, kContent, FieldPath(path, "content"), violations);
}

absl::Status ToStatus(Violations violations) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kInvalidRequest;
  detail.violations = std::move(violations);
  return domain::MakeError(std::move(detail));
}

}  // namespace supervision::intake
