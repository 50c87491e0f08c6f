#pragma once

#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/server_settings.h"
#include "services/doctor/finding.h"
#include "tests/support/temp_dir.h"

namespace supervision::doctor {

inline void PrintTo(const Finding& finding, std::ostream* out) {
  *out << static_cast<int>(finding.grade) << " " << finding.what << ": " << finding.said;
}

// A finding of this grade whose sentence fits.
template <typename Matcher>
auto Is(Grade grade, Matcher said) {
  return ::testing::AllOf(::testing::Field(&Finding::grade, grade),
                          ::testing::Field(&Finding::said, said));
}

// The shipped configuration, on a data directory of its own.
class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    config::ServerSources sources;
    sources.file = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml";
    sources.flags = {"--listen.grpc=127.0.0.1:0", "--listen.metrics=off",
                     "--redis.data_directory=" + data_};
    const auto loaded = config::LoadServer(sources);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    settings_ = *loaded;
  }

  const testing::TempDir directory_;
  const std::string data_ = directory_.path() + "/data";
  config::ServerSettings settings_;
  Findings findings_;
};

}  // namespace supervision::doctor
