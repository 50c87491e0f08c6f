#include "services/server/identities.h"

#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "services/server/inputs.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace supervision::server {
namespace {

using testing::Eventually;
using testing::Replace;

// A file of principals with one monitor, and nothing else that can change.
class IdentitiesTest : public ::testing::Test {
 protected:
  std::string WithMonitor(const std::string& name) {
    return "principals:\n  - {id: " + name + ", roles: [MONITOR], certificates: [\"DNS:" + name +
           "\"]}\n";
  }
  bool Knows(const Identities& identities, const std::string& name) {
    return identities.principals()->Get()->Find(name) != nullptr;
  }

  const testing::TempDir place_;
  const std::string file_ = place_.path() + "/principals.yaml";
};

TEST_F(IdentitiesTest, WhatChangesBetweenTheFirstReadingAndTheStartIsReadToo) {
  Replace(file_, WithMonitor("before"));
  config::ServerSettings settings;
  settings.files.principals = file_;
  Inputs inputs = NotYetRead(settings);
  auto loaded = config::LoadPrincipals(file_, "");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  inputs.principals = *std::move(loaded);
  Replace(file_, WithMonitor("meanwhile"));
  prometheus::Registry registry;
  Identities identities({.principals = file_,
                         .look = absl::Milliseconds(1),
                         .log = observability::Logger::Null(),
                         .metrics = &registry},
                        inputs);
  ASSERT_TRUE(Knows(identities, "before"));
  identities.Start();
  EXPECT_TRUE(Eventually([&] { return Knows(identities, "meanwhile"); }));
}

}  // namespace
}  // namespace supervision::server
