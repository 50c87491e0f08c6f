#include "tests/support/certificates.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace supervision::testing {

Certificates::Certificates(const std::vector<std::string>& arguments) { Make(arguments); }

void Certificates::Make(const std::vector<std::string>& arguments) {
  std::string command = SUPERVISION_SOURCE_DIR "/deploy/certs " + directory_.path();
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  if (std::system((command + " >/dev/null").c_str()) == 0) return;
  std::fprintf(stderr, "%s failed\n", command.c_str());
  std::abort();
}

std::string Certificates::Text(const std::string& file) const { return TextOf(Path(file)); }

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void Replace(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  std::ofstream(beside) << text;
  std::filesystem::rename(beside, path);
}

}  // namespace supervision::testing
