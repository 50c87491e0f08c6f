#include "clients/cli/cursor_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/json.h"
#include "clients/cpp/local_error.h"
#include "google/protobuf/struct.pb.h"

namespace supervision::cli {
namespace {

absl::Status CannotRead(const std::string& path, int error) {
  const std::string why = std::generic_category().message(error);
  return client::LocalError(
      absl::StatusCode::kUnavailable,
      absl::StrCat(path, " cannot be read (", why,
                   "); permit this user to read and write it, or name another file"),
      absl::StrCat("无法读取 ", path, "（", why, "）；请允许当前用户读写该文件，或改用其他文件"));
}

// The whole file; nothing when there is none. What cannot be read is not taken for none: it holds a
// place, over which nothing may be written.
absl::StatusOr<std::optional<std::string>> ReadPlace(const std::string& path) {
  constexpr size_t kPage = 64 << 10;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr && errno == ENOENT) return std::nullopt;
  if (file == nullptr) return CannotRead(path, errno);
  std::string text;
  std::string page(kPage, '\0');
  while (const size_t read = std::fread(page.data(), 1, page.size(), file.get())) {
    text.append(page, 0, read);
  }
  if (std::ferror(file.get()) != 0) return CannotRead(path, errno);
  return text;
}

// Whether all of it is on the disk.
bool WriteWhole(const std::string& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                       std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  return std::fclose(file) == 0 && written;
}

}  // namespace

absl::Status CursorFile::Load() {
  if (path_.empty()) return absl::OkStatus();
  const auto json = ReadPlace(path_);
  if (!json.ok()) return json.status();
  if (!json->has_value()) return absl::OkStatus();
  google::protobuf::Struct content;
  if (!FromJson(**json, content).ok() || !content.fields().contains("cursor")) {
    return client::LocalError(
        absl::StatusCode::kDataLoss,
        absl::StrCat(path_, " is no cursor file; remove it to begin anew with --from"),
        absl::StrCat(path_, " 不是断点文件；删除后即按 --from 重新开始"));
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

void CursorFile::ForgetTold() {
  changed_ = changed_ || !told_.empty();
  told_.clear();
}

absl::Status CursorFile::Save() {
  if (path_.empty() || !changed_) return absl::OkStatus();
  std::string told;
  for (const auto& [id, version] : told_) {
    absl::StrAppend(&told, told.empty() ? "" : ",", "[", JsonQuote(id), ",", version, "]");
  }
  const std::string json =
      JsonObject({{"cursor", JsonQuote(cursor_)}, {"told", "[" + told + "]"}}) + "\n";
  // A reader, or the next run after a crash or a loss of power, sees the old file or the new one,
  // never half of it.
  const std::string beside = path_ + ".new";
  if (!WriteWhole(beside, json) || std::rename(beside.c_str(), path_.c_str()) != 0) {
    return client::LocalError(
        absl::StatusCode::kUnavailable,
        absl::StrCat("cannot write ", path_, "; make room, or permit this user to write there"),
        absl::StrCat("无法写入 ", path_, "；请清理磁盘空间，或允许当前用户在该处写入"));
  }
  changed_ = false;
  return absl::OkStatus();
}

}  // namespace supervision::cli
