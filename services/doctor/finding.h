#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace supervision::doctor {

// How something is that was looked at. kWarn: the service serves, and somebody should know. kFail:
// it would not start, or not be ready.
enum class Grade : uint8_t { kOk, kWarn, kFail };

struct Finding {
  Grade grade = Grade::kOk;
  std::string what;  // "Redis", "disk"
  std::string said;  // what was found and, unless all is well, what to do
};

// Findings about one thing after the other.
class Findings {
 public:
  void Ok(std::string what, std::string said) { Add(Grade::kOk, what, said); }
  void Warn(std::string what, std::string said) { Add(Grade::kWarn, what, said); }
  void Fail(std::string what, std::string said) { Add(Grade::kFail, what, said); }

  const std::vector<Finding>& all() const { return all_; }

 private:
  void Add(Grade grade, std::string& what, std::string& said) {
    all_.push_back({grade, std::move(what), std::move(said)});
  }

  std::vector<Finding> all_;
};

}  // namespace supervision::doctor
