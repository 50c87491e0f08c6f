#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/tokens.h"

namespace supervision::config {

// tokens.yaml in the hands of a tool that changes it. The folder is locked while this lives, so
// that of two tools neither loses what the other has written. Readers need no lock: the file is
// only ever exchanged as a whole.
class TokensFile {
 public:
  // Locks, waiting up to `patience` for another tool, and reads; the file may be missing. Of a link
  // it is the file behind it that is locked, read and exchanged.
  // `principals` is the file that the service reads beside it: a new file gets its owner and group.
  static absl::StatusOr<std::unique_ptr<TokensFile>> Open(
      const std::string& path, const std::string& principals,
      absl::Duration patience = absl::Seconds(10));
  ~TokensFile();
  TokensFile(const TokensFile&) = delete;
  TokensFile& operator=(const TokensFile&) = delete;

  std::vector<TokenRecord>& tokens() { return tokens_; }

  // Puts the tokens in the place of the file. Its group may read it and nobody else, whatever the
  // umask; owner and group stay, as far as the caller may give them.
  absl::Status Save() const;

 private:
  TokensFile(std::string path, std::string principals, int lock)
      : path_(std::move(path)), principals_(std::move(principals)), lock_(lock) {}

  const std::string path_;
  const std::string principals_;
  const int lock_;
  std::vector<TokenRecord> tokens_;
};

}  // namespace supervision::config
