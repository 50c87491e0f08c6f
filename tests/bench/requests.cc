#include "tests/bench/requests.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::bench {

const std::array<std::string_view, 4> kTexts = {
    "我们在镇上开小餐馆，上月县综合行政执法局两名工作人员进店检查，没有出示执法证件，当场说消防通道"
    "堆"
    "放杂物要罚款五千元，既没有告知陈述申辩的权利，也没有告知可以要求听证，第二天就送来行政处罚决定"
    "书"
    "。我们已经当天清理完毕并拍照上报，到窗口要求说明裁量依据，答复说都是这样罚的。同一条街另外三家"
    "情"
    "形相同只是口头警告，请监督部门核实是否存在类案不同罚、程序违法的问题，并依法纠正。",
    "县自然资源和规划局于三月收到我的政府信息公开申请，申请公开本村征地补偿安置方案和听证材料，至今"
    "已"
    "经超过四十个工作日，既没有答复也没有告知延期。期间多次电话询问，工作人员先说正在会商，后说需要"
    "领"
    "导签字，最后电话无人接听。补偿款的计算标准村里没有公示，村民意见很大。请求监督该局依法履行信息"
    "公"
    "开职责，对逾期未答复的问题作出说明，并公开应当主动公开的补偿方案。",
    "某小区二百余户业主因安置房逾期交付已经第三次到县信访局反映，第一次答复说由建设局牵头，第二次说"
    "属于"
    "街道职责，街道又说要等建设局意见，几个部门来回推诿，问题久拖不决。业主多数租房过渡，过渡费从去"
    "年"
    "十月起也没有发放。联名信已经递交，要求明确责任单位和交付时间，限期出具书面处理意见书，按期足额"
    "发放"
    "过渡费，并向全体业主公开安置房工程的验收进度和资金情况。",
    "县审计局对某镇专项资金审计发现，该镇将乡村振兴专项资金八十六万元挪用于镇政府食堂改造和发放补贴"
    "，虚"
    "列支出三笔，审计决定要求六十日内整改并报告结果，至今已逾期四个月，整改台账上写着全部完成，实地"
    "查"
    "看发现资金并未归还原渠道，属于虚假整改。请有关部门督促该镇立即归还资金，追究相关人员责任，并在"
    "一定"
    "范围内公开审计整改结果，防止类似问题再次发生。"};

namespace {

uint64_t NextNumber() {
  static std::atomic<uint64_t> next = 0;
  return next++;
}

// Not of another process, of this run or an earlier one.
std::string NameOf(uint64_t number) {
  static const std::string run = absl::StrCat(getpid(), "-", absl::ToUnixMicros(absl::Now()));
  return absl::StrCat(run, "-", number);
}

void Fill(uint64_t number, v1::ClueContent* clue) {
  clue->set_source_record_id(NameOf(number));
  clue->set_title("反映有关部门履职问题");
  clue->set_content(absl::StrCat(std::string(kTexts[number % kTexts.size()]), "编号", number));
  clue->set_region_code("330424");
  clue->mutable_reported_unit()->set_name("某县某局");
}

template <typename Message>
bool Parses(std::string_view bytes) {
  Message message;
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

bool ParseEcho(std::string_view answer) { return Parses<v1::SubmitClueRequest>(answer); }
bool ParseSubmitAnswer(std::string_view answer) { return Parses<v1::SubmitClueResponse>(answer); }
bool ParseBatchAnswer(std::string_view answer) {
  return Parses<v1::BatchSubmitCluesResponse>(answer);
}

std::string NextSubmit() {
  const uint64_t number = NextNumber();
  v1::SubmitClueRequest request;
  request.set_request_id(NameOf(number));
  Fill(number, request.mutable_clue());
  return request.SerializeAsString();
}

std::string NextSubmitIn(const std::string& region) {
  const uint64_t number = NextNumber();
  v1::SubmitClueRequest request;
  request.set_request_id(NameOf(number));
  Fill(number, request.mutable_clue());
  request.mutable_clue()->set_region_code(region);
  return request.SerializeAsString();
}

std::vector<std::string> Counties(int count) {
  std::ifstream file(SUPERVISION_SOURCE_DIR "/deploy/config/regions.tsv");
  std::vector<std::string> counties;
  for (std::string line; static_cast<int>(counties.size()) < count && std::getline(file, line);) {
    const std::string code = line.substr(0, line.find('\t'));
    const bool digits = code.find_first_not_of("0123456789") == std::string::npos;
    if (code.size() == 6 && digits && code.substr(4) > "01") counties.push_back(code);
  }
  return counties;
}

std::string NextBatch(int clues) {
  v1::BatchSubmitCluesRequest request;
  for (int i = 0; i < clues; ++i) {
    const uint64_t number = NextNumber();
    auto* const item = request.add_items();
    item->set_request_id(NameOf(number));
    Fill(number, item->mutable_clue());
  }
  return request.SerializeAsString();
}

std::string WatchFromEarliest() {
  v1::WatchAlertsRequest request;
  request.set_start_from(v1::START_FROM_EARLIEST);
  return request.SerializeAsString();
}

std::string WatchFromLatestIn(const std::string& region) {
  v1::WatchAlertsRequest request;
  request.set_start_from(v1::START_FROM_LATEST);
  request.mutable_filter()->set_region_prefix(region);
  return request.SerializeAsString();
}

std::string WatchFromCursor(const std::string& cursor) {
  v1::WatchAlertsRequest request;
  request.set_cursor(cursor);
  return request.SerializeAsString();
}

std::string WatchFromLatest() {
  v1::WatchAlertsRequest request;
  request.set_start_from(v1::START_FROM_LATEST);
  return request.SerializeAsString();
}

int64_t CountUpdates(const std::string& bytes) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  int64_t updates = 0;
  while (const uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) == v1::WatchAlertsResponse::kUpdatesFieldNumber) {
      ++updates;
    }
    if (!WireFormatLite::SkipField(&in, tag)) break;
  }
  return updates;
}

}  // namespace supervision::bench
