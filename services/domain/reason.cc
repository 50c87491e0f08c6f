#include "services/domain/reason.h"

#include <iterator>

namespace supervision::domain {
namespace {

using absl::StatusCode;

constexpr ReasonRow kTable[] = {
    {Reason::kInvalidRequest, "INVALID_REQUEST", StatusCode::kInvalidArgument,
     "The request has mistakes; correct the fields named in the details and send it again.",
     "请求内容有误；请按详情逐项更正后重新提交。"},
    {Reason::kMalformedMessage, "MALFORMED_MESSAGE", StatusCode::kInvalidArgument,
     "The message cannot be parsed; check the proto version and that all text is UTF-8.",
     "无法解析消息；请检查 proto 版本，并确认所有文本均为 UTF-8 编码。"},
    {Reason::kBatchTooLarge, "BATCH_TOO_LARGE", StatusCode::kInvalidArgument,
     "The batch is too large; send at most 500 items and 4 MiB in one call.",
     "批量过大；每次最多提交 500 条、4 MiB，请拆分后重新提交。"},
    {Reason::kMessageTooLarge, "MESSAGE_TOO_LARGE", StatusCode::kInvalidArgument,
     "The message is too large; send attachments by reference.",
     "消息过大；附件请以引用方式提交。"},
    {Reason::kIdempotencyKeyReused, "IDEMPOTENCY_KEY_REUSED", StatusCode::kAlreadyExists,
     "This request_id was used for other content; use a new request_id for a new request.",
     "该 request_id 已用于其他内容；新的请求请使用新的 request_id。"},
    {Reason::kSourceRecordExists, "SOURCE_RECORD_EXISTS", StatusCode::kAlreadyExists,
     "This source record is known; to change it call ReviseClue with the clue id in the details.",
     "该来源记录已存在；如需更改，请用详情中的线索编号调用 ReviseClue。"},
    {Reason::kClueNotFound, "CLUE_NOT_FOUND", StatusCode::kNotFound,
     "No such clue within your view; check the id or the source record id.",
     "在您的可见范围内没有该线索；请核对线索编号或来源记录编号。"},
    {Reason::kAlertNotFound, "ALERT_NOT_FOUND", StatusCode::kNotFound,
     "No such alert within your view; check the id.", "在您的可见范围内没有该预警；请核对预警编号。"},
    {Reason::kEtagMismatch, "ETAG_MISMATCH", StatusCode::kAborted,
     "The clue has changed since you read it; read it again and repeat with its etag.",
     "线索在您读取之后已有变化；请重新读取，并用新的 etag 重试。"},
    {Reason::kClueWithdrawn, "CLUE_WITHDRAWN", StatusCode::kFailedPrecondition,
     "The clue has been withdrawn and takes no further change; submit a new one.",
     "线索已撤回，不能再更改；如有需要请提交新线索。"},
    {Reason::kTooManyVersions, "TOO_MANY_VERSIONS", StatusCode::kFailedPrecondition,
     "The clue has as many versions as it may have; withdraw it and submit a new one.",
     "线索版本数已达上限；请撤回后提交新线索。"},
    {Reason::kPageTokenInvalid, "PAGE_TOKEN_INVALID", StatusCode::kInvalidArgument,
     "The page token does not belong to this query; start again without a token.",
     "分页标记与本次查询不符；请去掉分页标记重新查询。"},
    {Reason::kCursorMalformed, "CURSOR_MALFORMED", StatusCode::kInvalidArgument,
     "The cursor is damaged; pass one exactly as a stream sent it, or start from EARLIEST.",
     "断点已损坏；请原样传回数据流给出的断点，或从 EARLIEST 开始。"},
    {Reason::kCursorUnknown, "CURSOR_UNKNOWN", StatusCode::kInvalidArgument,
     "The cursor was not issued by this ledger; start from EARLIEST or LATEST.",
     "该断点不是本台账签发的；请从 EARLIEST 或 LATEST 开始。"},
    {Reason::kCursorForeign, "CURSOR_FOREIGN", StatusCode::kOutOfRange,
     "The cursor belongs to another ledger; start from EARLIEST or LATEST.",
     "该断点属于另一个台账；请从 EARLIEST 或 LATEST 开始。"},
    {Reason::kCursorTrimmed, "CURSOR_TRIMMED", StatusCode::kOutOfRange,
     "The place has been trimmed; resume from earliest_cursor in the details and list the rest.",
     "该位置的历史已被清理；请从详情中的 earliest_cursor 继续，并用列表接口补齐。"},
    {Reason::kHistoryLost, "HISTORY_LOST", StatusCode::kOutOfRange,
     "History that you saw was lost; resume from resume_cursor in the details and list the rest.",
     "您看过的一段历史已丢失；请从详情中的 resume_cursor 继续，并用列表接口核对。"},
    {Reason::kUnauthenticated, "UNAUTHENTICATED", StatusCode::kUnauthenticated,
     "No valid token; send metadata 'authorization: Bearer <token>'.",
     "缺少有效令牌；请在元数据中携带 authorization: Bearer <令牌>。"},
    {Reason::kPermissionDenied, "PERMISSION_DENIED", StatusCode::kPermissionDenied,
     "Your role may not call this method; ask the operator for a fitting principal.",
     "您的角色无权调用该方法；请联系运维人员开通。"},
    {Reason::kOverloaded, "OVERLOADED", StatusCode::kResourceExhausted,
     "The service is at its limit and stored nothing; repeat after the delay in the details.",
     "服务已达上限，本次未存储；请在详情给出的间隔后重试。"},
    {Reason::kTooManyStreams, "TOO_MANY_STREAMS", StatusCode::kResourceExhausted,
     "Too many open streams; close one or repeat after the delay in the details.",
     "打开的数据流过多；请关闭部分数据流，或在详情给出的间隔后重试。"},
    {Reason::kDraining, "DRAINING", StatusCode::kUnavailable,
     "This replica is shutting down; repeat on another connection.",
     "该副本正在停机；请重新连接后重试。"},
    {Reason::kLedgerUnavailable, "LEDGER_UNAVAILABLE", StatusCode::kUnavailable,
     "The ledger cannot be reached and nothing was stored; repeat after the delay.",
     "台账暂不可用，本次未存储；请在详情给出的间隔后重试。"},
    {Reason::kOutcomeUnknown, "OUTCOME_UNKNOWN", StatusCode::kUnavailable,
     "The outcome is unknown; repeat with the same request_id, which is safe.",
     "结果未知；请用同一 request_id 重试，重试是安全的。"},
    {Reason::kDurabilityNotReached, "DURABILITY_NOT_REACHED", StatusCode::kUnavailable,
     "Stored, but not yet on enough replicas; repeat with the same request_id.",
     "已存储，但副本数未达要求；请用同一 request_id 重试。"},
    {Reason::kLedgerFull, "LEDGER_FULL", StatusCode::kResourceExhausted,
     "The ledger is full and nothing was stored; tell the operator and repeat later.",
     "台账空间已满，本次未存储；请通知运维人员并稍后重试。"},
    {Reason::kDeadlineExceeded, "DEADLINE_EXCEEDED", StatusCode::kDeadlineExceeded,
     "The deadline passed and the outcome is unknown; repeat with the same request_id.",
     "已超过期限，结果未知；请用同一 request_id 重试。"},
    {Reason::kInternal, "INTERNAL", StatusCode::kInternal,
     "The service failed; repeat later and tell the operator if it persists.",
     "服务内部错误；请稍后重试，如持续出现请通知运维人员。"},
};

static_assert(std::size(kTable) == static_cast<size_t>(Reason::kInternal) + 1,
              "every reason has one row");

}  // namespace

absl::Span<const ReasonRow> ReasonTable() { return kTable; }
const ReasonRow& Row(Reason reason) { return kTable[static_cast<size_t>(reason)]; }

}  // namespace supervision::domain
