#include "services/domain/scenario.h"

#include <gtest/gtest.h>

namespace supervision::domain {
namespace {

// A later release of the service may have written it: its number is kept.
TEST(ScenarioTest, WhatALaterReleaseKnowsHasNoCodeHere) {
  EXPECT_EQ(Code(static_cast<Scenario>(13)), Code(Scenario::kUnspecified));
  EXPECT_EQ(Code(static_cast<Scenario>(255)), Code(Scenario::kUnspecified));
  EXPECT_EQ(Code(static_cast<Risk>(4)), Code(Risk::kUnspecified));
}

}  // namespace
}  // namespace supervision::domain
