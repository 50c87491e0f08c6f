#include "clients/cli/cursor_file.h"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "clients/cli/json.h"
#include "google/protobuf/struct.pb.h"

namespace supervision::cli {

absl::Status CursorFile::Load() {
  std::ifstream file(path_);
  if (path_.empty() || !file.is_open()) return absl::OkStatus();
  const std::string json((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  google::protobuf::Struct content;
  if (!FromJson(json, content).ok() || !content.fields().contains("cursor")) {
    return absl::DataLossError(
        absl::StrCat(path_, " is no cursor file; remove it to begin anew with --from"));
  }
  cursor_ = content.fields().at("cursor").string_value();
  if (content.fields().contains("told")) {
    for (const auto& entry : content.fields().at("told").list_value().values()) {
      const auto& pair = entry.list_value();
      if (pair.values_size() == 2) {
        told_.emplace(pair.values(0).string_value(),
                      static_cast<uint32_t>(pair.values(1).number_value()));
      }
    }
  }
  return absl::OkStatus();
}

CursorFile::Key CursorFile::KeyOf(const v1::AlertUpdate& update) {
  return update.has_left() ? Key(update.left().alert_id(), update.left().version())
                           : Key(update.alert().id(), update.alert().version());
}

bool CursorFile::WasTold(const v1::AlertUpdate& update) const {
  return told_.count(KeyOf(update)) > 0;
}

void CursorFile::Told(const v1::AlertUpdate& update) {
  told_.insert(KeyOf(update));
  changed_ = true;
}

void CursorFile::MoveTo(const std::string& cursor,
                        const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates) {
  changed_ = changed_ || cursor != cursor_;
  cursor_ = cursor;
  for (const auto& update : updates) told_.erase(KeyOf(update));
}

absl::Status CursorFile::Save() {
  if (path_.empty() || !changed_) return absl::OkStatus();
  std::string told;
  for (const auto& [id, version] : told_) {
    absl::StrAppend(&told, told.empty() ? "" : ",", "[", JsonQuote(id), ",", version, "]");
  }
  const std::string json =
      JsonObject({{"cursor", JsonQuote(cursor_)}, {"told", "[" + told + "]"}}) + "\n";
  // A reader, or the next run after a crash, sees the old file or the new one, never half of it.
  const std::string beside = path_ + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << json;
  file.close();
  if (!file.good() || std::rename(beside.c_str(), path_.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path_));
  }
  changed_ = false;
  return absl::OkStatus();
}

}  // namespace supervision::cli
