#pragma once

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace supervision::testing {

// Certificates made by deploy/certs in a directory of their own.
class Certificates {
 public:
  // With the arguments of deploy/certs behind the directory; {} for its defaults: server.pem for
  // localhost, 127.0.0.1 and ::1, and client.pem.
  explicit Certificates(const std::vector<std::string>& arguments = {});

  // Further ones of the same authority.
  void Make(const std::vector<std::string>& arguments);

  std::string Path(const std::string& file) const { return directory_.path() + "/" + file; }
  std::string Text(const std::string& file) const;

 private:
  const TempDir directory_;
};

// The whole of a file.
std::string TextOf(const std::string& path);

// Puts `text` in the place of a file as a whole.
void Replace(const std::string& path, const std::string& text);

}  // namespace supervision::testing
