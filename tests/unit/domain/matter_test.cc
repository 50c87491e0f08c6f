#include "services/domain/matter.h"

#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::domain {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

ClueContent With(std::string text, std::string region = "330424") {
  ClueContent content;
  content.content = std::move(text);
  content.region_code = std::move(region);
  return content;
}

std::u32string RandomText(std::mt19937_64* random, size_t size) {
  std::u32string text;
  for (size_t i = 0; i < size; ++i) {
    text.push_back(static_cast<char32_t>(0x4E00 + (*random)() % 2500));
  }
  return text;
}

TEST(AreNearTest, ByANumberOrByNearlyTheSameText) {
  const auto keys = [](std::vector<uint64_t> numbers, uint64_t shape) {
    return MatterKeys{std::move(numbers), shape, 0};
  };
  EXPECT_TRUE(AreNear(keys({1, 5, 9}, 0), keys({2, 9}, 0)));
  EXPECT_FALSE(AreNear(keys({1, 5, 9}, 0), keys({2, 6, 10}, 0)));
  EXPECT_FALSE(AreNear(keys({}, 0), keys({}, 0))) << "of neither is anything known";
  EXPECT_TRUE(AreNear(keys({}, 0xff00), keys({1}, 0xff00 ^ 0x3ff))) << "10 of 64 bits differ";
  EXPECT_FALSE(AreNear(keys({}, 0xff00), keys({}, 0xff00 ^ 0x7ff)));
}

TEST(MatterKeysTest, KeepThePersonsThatAPartnerGivesThoughNothingCanBeCompared) {
  ClueContent content = With("太短了");
  EXPECT_TRUE(MatterKeysOf(content).empty());
  content.persons_affected = 12;
  const MatterKeys keys = MatterKeysOf(content);
  EXPECT_EQ(keys.persons, 12);
  EXPECT_FALSE(keys.empty());
  EXPECT_FALSE(keys.comparable());
}

TEST(MatterTest, ANumberIsTheSameHoweverItIsWritten) {
  const MatterKeys one = MatterKeysOf(With("对盐综执罚决字〔2023〕第000123号不服。"));
  ASSERT_THAT(one.numbers, SizeIs(1));
  EXPECT_EQ(MatterKeysOf(With("盐综执罚决字[２０２３]123号处罚过重")).numbers, one.numbers);
  EXPECT_EQ(MatterKeysOf(With("关于（盐综执罚决字（2023）第123号）")).numbers, one.numbers);
  ClueContent partner = With("");
  partner.instruments = {
      {InstrumentType::kPenaltyDecision, "盐综执罚决字〔2023〕第123号", std::nullopt}};
  EXPECT_EQ(MatterKeysOf(partner).numbers, one.numbers);
}

TEST(MatterTest, ADocumentCountsInItsCountyAndACourtsCaseEverywhere) {
  const std::string document = "盐综执罚决字〔2023〕第123号";
  EXPECT_NE(MatterKeysOf(With(document)).numbers, MatterKeysOf(With(document, "330402")).numbers);
  const std::string court = "（2023）浙0424行初12号";
  ASSERT_THAT(MatterKeysOf(With(court)).numbers, SizeIs(1));
  EXPECT_EQ(MatterKeysOf(With(court)).numbers, MatterKeysOf(With(court, "330402")).numbers);
  EXPECT_NE(MatterKeysOf(With(court)).numbers,
            MatterKeysOf(With("（2023）浙0424行初13号")).numbers);
}

TEST(MatterTest, DocumentsOfTwoOrgansOfACountyAreTwoThoughTheirNumbersEndAlike) {
  std::set<uint64_t> keys;
  const std::vector<std::string> organs = {"盐市监罚决字",
                                           "盐环罚决字",
                                           "盐公（武）行罚决字",
                                           "盐公（百）行罚决字",
                                           "盐综执强决字",
                                           "盐武综执罚决字",
                                           "盐综执罚决字",
                                           "盐政复",
                                           "盐政复决字",
                                           "盐信访复字",
                                           "盐人社信复",
                                           "盐卫医罚",
                                           "盐劳人仲案字",
                                           "盐环行政处罚决字",
                                           "盐行复",
                                           "盐信答"};
  for (const std::string& organ : organs) {
    const MatterKeys one = MatterKeysOf(With(organ + "〔2026〕12号"));
    ASSERT_THAT(one.numbers, SizeIs(1)) << organ;
    keys.insert(one.numbers[0]);
    EXPECT_EQ(MatterKeysOf(With("我在三月收到" + organ + "〔2026〕第012号")).numbers, one.numbers)
        << organ;
    EXPECT_EQ(MatterKeysOf(With("不服" + organ + "【2026】 12号")).numbers, one.numbers) << organ;
  }
  EXPECT_THAT(keys, SizeIs(organs.size()));
}

TEST(MatterTest, HighCourtsAndTheSupremeCourtHaveCasesToo) {
  std::set<uint64_t> keys;
  const std::vector<std::string> numbers = {
      "（2025）浙行终118号",     "（2025）浙04行终118号",     "（2025）浙0424行终118号",
      "（2025）浙0424行赔初1号", "（2025）最高法行申118号",   "（2025）最高法知民辖终118号",
      "（2025）浙民申118号",     "（2025）浙0424民诉前调9号", "（2025）兵08执恢3号",
      "（2025）浙委赔监2号"};
  for (const std::string& number : numbers) {
    const MatterKeys one = MatterKeysOf(With("见" + number + "判决"));
    ASSERT_THAT(one.numbers, SizeIs(1)) << number;
    keys.insert(one.numbers[0]);
    EXPECT_EQ(MatterKeysOf(With(number, "330402")).numbers, one.numbers) << number;
  }
  EXPECT_THAT(keys, SizeIs(numbers.size()));
}

TEST(MatterTest, ADayOrAnAddressIsNoCase) {
  for (const char* text :
       {"2026年3月12号", "2026年12月3号收到", "2026新区12幢3号", "2026新执法大队12号",
        "2026浙江大厦5号楼", "2026浙1行初12号", "2026浙042行初12号", "2026内部行政12号",
        "2026最高12号", "2026盐行罚字第12号", "2026盐04行初3号"}) {
    EXPECT_THAT(MatterKeysOf(With(text)).numbers, IsEmpty()) << text;
  }
}

std::vector<uint64_t> NumbersOf(InstrumentType type, const std::string& number,
                                const ReportedUnit& unit = {"甲县住建局", ""}) {
  ClueContent content = With("");
  content.unit = unit;
  content.instruments = {{type, number, std::nullopt}};
  return MatterKeysOf(content).numbers;
}

bool ShareOne(const std::vector<uint64_t>& one, const std::vector<uint64_t>& other) {
  return AreNear({one, 0, 0}, {other, 0, 0});
}

TEST(MatterTest, NumbersOfTwoRegistersOfACountyAreTwo) {
  const std::string serial = "202603050012";
  const auto order = NumbersOf(InstrumentType::kHotlineOrder, serial);
  const auto item = NumbersOf(InstrumentType::kPetitionItem, serial);
  ASSERT_THAT(order, SizeIs(1));
  ASSERT_THAT(item, SizeIs(1));
  EXPECT_NE(order, item);
  EXPECT_EQ(NumbersOf(InstrumentType::kPetitionItem, serial, {"甲县信访局", ""}), item)
      << "whichever organ each partner names";
  EXPECT_EQ(NumbersOf(InstrumentType::kPetitionItem, serial, {}), item);
}

TEST(MatterTest, ANumberThatEachOrganMayHaveCountsWithItsOrgan) {
  const std::vector<std::pair<InstrumentType, std::string>> numbers = {
      {InstrumentType::kMediationAgreement, "〔2026〕人调字第12号"},
      {InstrumentType::kDisclosureRequest, "〔2026〕第12号-告"},
      {InstrumentType::kPenaltyDecision, "罚决字〔2026〕12号"},
      {InstrumentType::kPenaltyDecision, "202603050012"},
      {InstrumentType::kPetitionItem, "受理〔2026〕12号"}};
  for (const auto& [type, number] : numbers) {
    SCOPED_TRACE(number);
    const ReportedUnit coded = {"甲县住建局", "91350100M000100Y43"};
    const auto one = NumbersOf(type, number, coded);
    EXPECT_TRUE(ShareOne(one, NumbersOf(type, number, coded)));
    EXPECT_TRUE(ShareOne(one, NumbersOf(type, number, {"甲县住建局", ""})));
    EXPECT_TRUE(
        ShareOne(one, NumbersOf(type, number, {"甲县住房和城乡建设局", coded.credit_code})));
    EXPECT_FALSE(ShareOne(one, NumbersOf(type, number, {"甲县城管局", ""})));
    EXPECT_THAT(NumbersOf(type, number, {}), IsEmpty()) << "it may be anybody's";
  }
}

TEST(MatterTest, WhatManyMattersCiteIsNoKey) {
  EXPECT_THAT(MatterKeysOf(With("按浙经信〔2026〕5号和盐信〔2026〕6号文件")).numbers, IsEmpty());

  EXPECT_THAT(MatterKeysOf(With("按国发〔2023〕5号文件和盐司函〔2023〕2号要求")).numbers,
              IsEmpty());
  EXPECT_THAT(MatterKeysOf(With("2023年5月12日12号楼，电话13800002023号")).numbers, IsEmpty());
  ClueContent audit = With("");
  audit.instruments = {{InstrumentType::kAuditReport, "盐审报〔2023〕12号", std::nullopt}};
  EXPECT_THAT(MatterKeysOf(audit).numbers, IsEmpty());
}

TEST(MatterTest, WritingDoesNotChangeTheShape) {
  const std::string text =
      "某镇政府在没有书面决定的情况下，将我家位于村东的两间房屋强制拆除，也没有告知我们可以申请"
      "行政复议的权利和期限，请求有关部门查处。";
  const std::string other =
      "某镇政府在没有书面决定的情况下 将我家位于村东的两间房屋强制拆除，　也没有告知我们可以申请\n"
      "行政复议的权利和期限！请求有关部门查处";
  EXPECT_NE(MatterKeysOf(With(text)).shape, 0U);
  EXPECT_EQ(MatterKeysOf(With(text)).shape, MatterKeysOf(With(other)).shape);
  EXPECT_EQ(MatterKeysOf(With("太短了")).shape, 0U);
}

TEST(MatterTest, NearTextsAreNearAndOthersFar) {
  constexpr uint64_t kSeed = 20260302;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  int near = 0;
  int far = 0;
  constexpr int kTrials = 500;
  for (int trial = 0; trial < kTrials; ++trial) {
    const std::u32string text = RandomText(&random, 200);
    std::u32string edited = text;
    edited[random() % edited.size()] = U'甲';
    edited.erase(random() % edited.size(), 1);
    near += static_cast<int>(ShapeDistance(SimHash(text), SimHash(edited)) <= kMostShapeDistance);
    const std::u32string other = RandomText(&random, 200);
    far += static_cast<int>(ShapeDistance(SimHash(text), SimHash(other)) > kMostShapeDistance);
  }
  EXPECT_GE(near, kTrials * 99 / 100);
  EXPECT_GE(far, kTrials * 99 / 100);
}

TEST(MatterTest, ALongTextStaysNearWhenAPieceIsMovedWithinIt) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  for (int trial = 0; trial < 50; ++trial) {
    const std::u32string text = RandomText(&random, 4000);
    // A few sentences change their place: what stands where does not count.
    const std::u32string moved = text.substr(1000) + text.substr(0, 1000);
    EXPECT_LE(ShapeDistance(SimHash(text), SimHash(moved)), 3);
    const std::u32string repeated = std::u32string(2000, text[0]) + text.substr(0, 40);
    EXPECT_GT(ShapeDistance(SimHash(text), SimHash(repeated)), kMostShapeDistance);
  }
}

// They lie in ledgers, and are compared with those of new texts.
TEST(MatterTest, TheShapeOfATextStaysAsItWas) {
  const std::vector<std::pair<size_t, uint64_t>> shapes = {{3, 0xD954C58522AEECC1},
                                                           {41, 0xCD23BE8D31F13D0F},
                                                           {200, 0x75EE5E8635630D1A},
                                                           {1000, 0x34F56C8491690C92}};
  for (const auto& [size, shape] : shapes) {
    std::u32string text;
    for (size_t i = 0; i < size; ++i) {
      text.push_back(static_cast<char32_t>(0x4E00 + i * i % 997));
    }
    EXPECT_EQ(SimHash(text), shape) << size;
  }
}

TEST(MatterTest, TheShapeIsTheMajorityOfItsWordsHoweverManyThereAre) {
  // Of one pair and one triple, each again and again, each bit is set where both are.
  const uint64_t few = SimHash(std::u32string(50, U'甲'));
  for (const size_t size : {128, 255, 256, 257, 600, 5000}) {
    EXPECT_EQ(SimHash(std::u32string(size, U'甲')) & ~few, 0U) << size;
  }
}

TEST(MatterTest, AnyBytesGiveKeys) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  for (int trial = 0; trial < 2000; ++trial) {
    std::string text(random() % 64, '\0');
    for (char& c : text) c = static_cast<char>(random());
    text += "2023年〔2023";
    const MatterKeys keys = MatterKeysOf(With(text));
    EXPECT_EQ(keys, MatterKeysOf(With(text)));
    EXPECT_LE(keys.numbers.size(), kMostNumbers);
  }
}

}  // namespace
}  // namespace supervision::domain
