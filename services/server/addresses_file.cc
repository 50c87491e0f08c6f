#include "services/server/addresses_file.h"

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace supervision::server {
namespace {

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

}  // namespace

absl::Status WriteAddressesFile(const std::string& path, const std::string& grpc,
                                const std::string& metrics) {
  if (path.empty()) return absl::OkStatus();
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << "{\"grpc\": " << Quoted(grpc) << ", \"metrics\": " << Quoted(metrics) << "}\n";
  file.close();
  if (!file || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("listen.addresses_file ", path, " cannot be written."));
  }
  return absl::OkStatus();
}

}  // namespace supervision::server
