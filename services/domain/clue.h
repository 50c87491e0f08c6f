#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/domain/correction.h"
#include "services/domain/verdict.h"

namespace supervision::domain {

// The values of a clue as a partner reports it and as the ledger keeps it. Plain values: validation
// is intake's, storage the ledger's. Numbers of enums are those of supervision.v1 and never change.

// Whom the reported matter concerns.
enum class PartyKind : uint8_t {
  kUnspecified = 0,
  kNaturalPerson = 1,
  kEnterprise = 2,
  kIndividualBusiness = 3,  // 个体工商户
  kVillageOrCommunity = 4,
  kOrgan = 5,
  kOtherOrganisation = 6,
  kAnonymous = 7,
};

// How carefully the clue must be shown (信访工作条例 art. 30: nothing reaches the accused).
enum class Confidentiality : uint8_t {
  kUnspecified = 0,  // treated as kNormal
  kNormal = 1,
  kRealNameProtected = 2,  // the reporter gave a name and asked that it be protected
  kSecret = 3,             // title and quotations are shown only to principals cleared for it
};

// The way by which the partner got the clue; never decides the scenario (guideline 2.2, rule 4).
enum class Channel : uint8_t {
  kUnspecified = 0,
  kHotline = 1,              // 12345
  kPetition = 2,             // 信访
  kReconsideration = 3,      // 行政复议
  kCourt = 4,                // 法院
  kProcuratorate = 5,        // 检察院
  kEnforcementPlatform = 6,  // 执法平台
  kPeoplesCongress = 7,      // 人大
  kCppcc = 8,                // 政协
  kPartyInspection = 9,      // 巡察、纪检
  kAudit = 10,               // 审计、财政、统计
  kGovernmentOffice = 11,    // 政府办
  kMedia = 12,               // 媒体、网信
  kSupervisor = 13,          // 法治监督员
  kOther = 14,
};

enum class InstrumentType : uint8_t {
  kUnspecified = 0,
  kCourtCase = 1,                 // 案号
  kPenaltyDecision = 2,           // 行政处罚决定书文号
  kOfficialDocument = 3,          // 公文文号
  kReconsiderationCase = 4,       // 复议案号
  kPetitionItem = 5,              // 信访事项编号
  kHotlineOrder = 6,              // 12345 工单
  kDeputySuggestion = 7,          // 代表建议
  kProposal = 8,                  // 政协提案
  kInspectionItem = 9,            // 巡察反馈
  kAuditReport = 10,              // 审计报告、决定
  kDisclosureRequest = 11,        // 信息公开申请
  kProcuratorialSuggestion = 12,  // 检察建议
  kJudicialSuggestion = 13,       // 司法建议
  kMediationAgreement = 14,       // 调解协议
  kOther = 15,
};

struct Instrument {
  InstrumentType type = InstrumentType::kUnspecified;
  std::string number;
  std::optional<absl::CivilDay> date;
  bool operator==(const Instrument&) const = default;
};

// An amount of money named in the clue, in fen (0.01 yuan), never negative.
struct Amount {
  int64_t fen = 0;
  std::string purpose;  // what it is: "罚款", "专项资金"; may be empty
  bool operator==(const Amount&) const = default;
};

// A file kept elsewhere. The service stores only the reference.
struct Evidence {
  std::string uri;
  std::string sha256;  // 32 raw bytes
  int64_t size_bytes = 0;
  std::string media_type;
  bool operator==(const Evidence&) const = default;
};

// The organ that a clue is about.
struct ReportedUnit {
  std::string name;
  std::string credit_code;  // 统一社会信用代码, 18 characters, or empty
  bool operator==(const ReportedUnit&) const = default;
};

// What the partner sent.
struct ClueContent {
  std::string source_record_id;  // the partner's own record; empty when it has none
  std::string title;
  std::string content;
  std::optional<absl::CivilDay> occurred_on;
  std::string region_code;  // 6 or 9 digits
  ReportedUnit unit;
  PartyKind party_kind = PartyKind::kUnspecified;
  std::vector<Instrument> instruments;
  std::vector<Amount> amounts;
  std::optional<int64_t> persons_affected;
  std::vector<Evidence> evidence;
  Confidentiality confidentiality = Confidentiality::kUnspecified;
  Channel channel = Channel::kUnspecified;
  bool operator==(const ClueContent&) const = default;
};

enum class ClueState : uint8_t { kUnspecified = 0, kActive = 1, kWithdrawn = 2 };

// One version of a clue, as the ledger keeps it.
struct Clue {
  std::string id;        // opaque to clients
  uint32_t version = 0;  // grows by one with each change
  std::string partner;
  ClueState state = ClueState::kUnspecified;
  ClueContent content;
  Verdict verdict;                       // the machine's, when the text was accepted
  std::optional<Correction> correction;  // what stands instead; see standing.h
  std::string withdraw_reason;           // of the withdrawal, else empty
  absl::Time received_at;                // when the first version was accepted
  absl::Time changed_at;                 // when this version was accepted
  // It came as history and alerts nobody; its revision by the partner is a live clue.
  bool backfill = false;
  std::string trace_parent;  // of the request that made this version; see trace.h
};

// The digest that tells "same content" from "other content": SHA-256 over the named canonical
// fields, each with its length; never over serialised messages, whose bytes may change.
std::string ContentDigest(const ClueContent& content);

}  // namespace supervision::domain
