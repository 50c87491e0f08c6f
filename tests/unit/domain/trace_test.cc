#include "services/domain/trace.h"

#include <string>

#include "gtest/gtest.h"

namespace supervision::domain {
namespace {

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string With(size_t at, char letter) {
  std::string text(kTrace);
  text[at] = letter;
  return text;
}

TEST(TraceTest, AGoodOneIsCarriedOnAsItCame) {
  EXPECT_EQ(TraceParent(kTrace), kTrace);
  EXPECT_EQ(TraceIdOf(kTrace), "0af7651916cd43dd8448eb211c80319c");
}

TEST(TraceTest, OfALaterVersionTheKnownPartsAreCarriedOn) {
  const std::string later = With(1, '1') + "-more";
  EXPECT_EQ(TraceParent(later), With(1, '1'));
}

TEST(TraceTest, WhatCannotBeReadIsNotCarriedOn) {
  for (const std::string& text :
       {std::string(), std::string("00-1-2-01"), With(0, 'g'), With(2, '_'), With(35, '_'),
        With(52, '_'), With(10, 'G'), With(10, 'A'), With(40, ' '), With(53, 'x'),
        "ff" + std::string(kTrace.substr(2)), std::string(kTrace) + "-more",
        std::string(kTrace.substr(0, 54)),
        "00-00000000000000000000000000000000-b7ad6b7169203331-01" + std::string(),
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01" + std::string()}) {
    EXPECT_EQ(TraceParent(text), "") << text;
  }
  EXPECT_EQ(TraceIdOf(""), "");
}

}  // namespace
}  // namespace supervision::domain
