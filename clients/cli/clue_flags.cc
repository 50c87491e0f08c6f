#include "clients/cli/clue_flags.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cpp/local_error.h"
#include "services/base/hex.h"
#include "services/base/utf8.h"

namespace supervision::cli {
namespace {

absl::Status Mistake(const std::string& flag, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", what));
}

// "2025-03-12". Whether there is such a day is for the service to say.
absl::StatusOr<v1::CivilDate> DateFromText(const std::string& flag, const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '-');
  int year = 0;
  int month = 0;
  int day = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &year) ||
      !absl::SimpleAtoi(parts[1], &month) || !absl::SimpleAtoi(parts[2], &day)) {
    return Mistake(flag, "write the date as YYYY-MM-DD");
  }
  v1::CivilDate date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

// "200", "200.5" or "200.55" yuan in fen.
std::optional<int64_t> FenFromYuan(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  constexpr int64_t kMostYuan = 100'000'000'000'000;
  int64_t yuan = 0;
  if (parts.size() > 2 || !absl::SimpleAtoi(parts[0], &yuan) || yuan > kMostYuan ||
      yuan < -kMostYuan) {
    return std::nullopt;
  }
  int64_t fen = 0;
  if (parts.size() == 2) {
    const std::string digits = parts[1].size() == 1 ? parts[1] + "0" : parts[1];
    if (digits.size() != 2 || !absl::ascii_isdigit(static_cast<unsigned char>(digits[0])) ||
        !absl::ascii_isdigit(static_cast<unsigned char>(digits[1]))) {
      return std::nullopt;
    }
    fen = (digits[0] - '0') * 10 + (digits[1] - '0');
  }
  return text[0] == '-' ? yuan * 100 - fen : yuan * 100 + fen;
}

absl::Status AddInstrument(const std::string& text, v1::ClueContent& clue) {
  const std::vector<std::string> parts = absl::StrSplit(text, '=');
  const auto type = FromWord<v1::InstrumentType>(parts[0]);
  if (!type.has_value() || parts.size() < 2 || parts.size() > 3) {
    return Mistake("--instrument", absl::StrCat("write TYPE=NUMBER or TYPE=NUMBER=YYYY-MM-DD; "
                                                "types: ",
                                                WordsOf<v1::InstrumentType>()));
  }
  auto& instrument = *clue.add_instruments();
  instrument.set_type(*type);
  instrument.set_number(parts[1]);
  if (parts.size() == 3) {
    const auto date = DateFromText("--instrument", parts[2]);
    if (!date.ok()) return date.status();
    *instrument.mutable_date() = *date;
  }
  return absl::OkStatus();
}

absl::Status AddAmount(const std::string& text, v1::ClueContent& clue) {
  const size_t mark = text.find('=');
  const std::optional<int64_t> fen = FenFromYuan(text.substr(0, mark));
  if (!fen.has_value()) {
    return Mistake("--amount", "write YUAN or YUAN=PURPOSE, as 186000.50=工程款");
  }
  auto& amount = *clue.add_amounts();
  amount.set_fen(*fen);
  if (mark != std::string::npos) amount.set_purpose(text.substr(mark + 1));
  return absl::OkStatus();
}

absl::Status AddEvidence(const std::string& text, v1::ClueContent& clue) {
  const std::vector<std::string> parts = absl::StrSplit(text, ' ', absl::SkipEmpty());
  int64_t size = 0;
  const auto sha256 = parts.size() > 1 ? base::HexDecode(parts[1]) : std::nullopt;
  if (parts.size() != 4 || !sha256.has_value() || !absl::SimpleAtoi(parts[2], &size)) {
    return Mistake("--evidence", "write \"URI SHA256-IN-HEX BYTES MEDIA-TYPE\"");
  }
  auto& evidence = *clue.add_evidence();
  evidence.set_uri(parts[0]);
  evidence.set_sha256(*sha256);
  evidence.set_size_bytes(size);
  evidence.set_media_type(parts[3]);
  return absl::OkStatus();
}

template <typename Enum>
absl::Status SetWord(const std::string& flag, const std::string& word, Enum& value) {
  const auto found = FromWord<Enum>(word);
  if (!found.has_value()) return Mistake(flag, absl::StrCat("one of ", WordsOf<Enum>()));
  value = *found;
  return absl::OkStatus();
}

}  // namespace

std::vector<CLI::Option*> ClueFlags::AddTo(CLI::App& command) {
  std::vector<CLI::Option*> added;
  const auto add = [&](const char* name, auto& value, const std::string& help) {
    return added.emplace_back(command.add_option(name, value, help));
  };
  add("--record", record_, "The record's id in your own system");
  add("--title", title_, "Headline");
  auto* const content = add("--content", content_, "The report");
  add("--content-file", content_file_, "File with the report; - is standard input")
      ->excludes(content);
  add("--occurred-on", occurred_on_, "When it happened, YYYY-MM-DD");
  add("--region", region_, "Region code, 6 or 9 digits");
  add("--unit", unit_, "Name of the organ that the clue is about");
  add("--unit-code", unit_code_, "Its unified social credit code");
  add("--party", party_, "Whom it concerns: " + WordsOf<v1::PartyKind>());
  add("--instrument", instruments_, "A formal paper, TYPE=NUMBER[=YYYY-MM-DD]")
      ->allow_extra_args(false);
  add("--amount", amounts_, "A sum, YUAN[=PURPOSE]")->allow_extra_args(false);
  add("--persons", persons_, "How many persons one act hits directly");
  add("--evidence", evidence_, "A file elsewhere, \"URI SHA256 BYTES MEDIA-TYPE\"")
      ->allow_extra_args(false);
  add("--confidentiality", confidentiality_,
      "How carefully to show it: " + WordsOf<v1::Confidentiality>());
  add("--channel", channel_, "How you got it: " + WordsOf<v1::Channel>());
  return added;
}

absl::Status ClueFlags::Apply(v1::ClueContent& clue) const {
  if (record_.has_value()) clue.set_source_record_id(*record_);
  if (title_.has_value()) clue.set_title(*title_);
  if (content_.has_value()) clue.set_content(*content_);
  if (content_file_.has_value()) {
    const auto text = ReadInput(*content_file_);
    if (!text.ok()) return text.status();
    clue.set_content(std::string(absl::StripTrailingAsciiWhitespace(*text)));
  }
  if (occurred_on_.has_value()) {
    const auto date = DateFromText("--occurred-on", *occurred_on_);
    if (!date.ok()) return date.status();
    *clue.mutable_occurred_on() = *date;
  }
  if (region_.has_value()) clue.set_region_code(*region_);
  if (unit_.has_value()) clue.mutable_reported_unit()->set_name(*unit_);
  if (unit_code_.has_value()) clue.mutable_reported_unit()->set_credit_code(*unit_code_);
  if (persons_.has_value()) clue.set_persons_affected(*persons_);
  absl::Status status;
  if (party_.has_value()) {
    v1::PartyKind kind = clue.party_kind();
    status.Update(SetWord("--party", *party_, kind));
    clue.set_party_kind(kind);
  }
  if (confidentiality_.has_value()) {
    v1::Confidentiality confidentiality = clue.confidentiality();
    status.Update(SetWord("--confidentiality", *confidentiality_, confidentiality));
    clue.set_confidentiality(confidentiality);
  }
  if (channel_.has_value()) {
    v1::Channel channel = clue.channel();
    status.Update(SetWord("--channel", *channel_, channel));
    clue.set_channel(channel);
  }
  if (!instruments_.empty()) clue.clear_instruments();
  for (const auto& text : instruments_) status.Update(AddInstrument(text, clue));
  if (!amounts_.empty()) clue.clear_amounts();
  for (const auto& text : amounts_) status.Update(AddAmount(text, clue));
  if (!evidence_.empty()) clue.clear_evidence();
  for (const auto& text : evidence_) status.Update(AddEvidence(text, clue));
  return status;
}

absl::StatusOr<std::string> ReadInput(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

absl::StatusOr<v1::StreamCluesRequest> ClueFromJson(const std::string& json) {
  if (const size_t at = base::FirstInvalidUtf8(json); at != std::string_view::npos) {
    return client::LocalError(
        absl::StatusCode::kInvalidArgument,
        absl::StrCat("The text is not UTF-8 from byte ", at + 1, " on. Save the file as UTF-8."),
        absl::StrCat("文本自第 ", at + 1, " 字节起不是 UTF-8 编码。请以 UTF-8 保存。"));
  }
  v1::StreamCluesRequest request;
  const absl::Status as_item = FromJson(json, request);
  if (as_item.ok() && request.has_clue()) return request;
  v1::ClueContent content;
  const absl::Status as_content = FromJson(json, content);
  // Of the two mistakes the one about the shape that was meant.
  if (!as_content.ok()) return json.find("\"clue\"") != std::string::npos ? as_item : as_content;
  request.Clear();
  *request.mutable_clue() = std::move(content);
  return request;
}

}  // namespace supervision::cli
