#pragma once

#include <string>

#include "services/base/hash.h"
#include "services/base/hex.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {

inline constexpr char kSupervisorToken[] = "a-supervisor-token";

// A file with the shipped example principals and a SUPERVISOR beside them.
class WithSupervisor {
 public:
  WithSupervisor() {
    const std::string salt = "12345678";
    const base::Sha256Digest digest = base::Sha256(salt + kSupervisorToken);
    Replace(file_, TextOf(std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/principals.yaml") +
                       "\n  - id: a-supervisor\n    roles: [SUPERVISOR]\n    token_hashes: [\"" +
                       base::HexEncode(salt) + ":" +
                       base::HexEncode(base::Prefix(digest, digest.size())) + "\"]\n");
  }
  // Gives a principal of the file another id; the server hears of it within about a second.
  void Rename(const std::string& id, const std::string& other) const {
    std::string text = TextOf(file_);
    const std::string line = "id: " + id + "\n";
    text.replace(text.find(line), line.size(), "id: " + other + "\n");
    Replace(file_, text);
  }
  std::string flag() const { return "--files.principals=" + file_; }

 private:
  const TempDir place_;
  const std::string file_ = place_.path() + "/principals.yaml";
};

}  // namespace supervision::testing
