#include "services/classification/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "services/classification/normaliser.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

struct Case {
  const char* name;
  const char* text;
  const char* found;  // "type:value:matched; …"
};

std::string Describe(const std::string& original) {
  static const Normaliser* const normaliser = Normaliser::Create().value().release();
  const std::string text = normaliser->Normalise(original);
  ReferenceScanner scanner;
  std::vector<Reference> found;
  scanner.Find(text, &found);
  std::string result;
  for (const Reference& reference : found) {
    result += result.empty() ? "" : "; ";
    result += std::string(Name(reference.type)) + ":" + std::to_string(reference.value) + ":" +
              text.substr(reference.begin, reference.end - reference.begin);
  }
  return result;
}

class ReferenceCases : public testing::TestWithParam<Case> {};

TEST_P(ReferenceCases, FindsTypedValues) { EXPECT_EQ(Describe(GetParam().text), GetParam().found); }

INSTANTIATE_TEST_SUITE_P(
    All, ReferenceCases,
    testing::Values(
        Case{"Administrative", "见（2023）浙0424行初12号判决",
             "court_administrative:0:(2023)浙0424行初12号"},
        Case{"SpacesAndSquareBrackets", "〔2024〕 浙 04 行终 9 号",
             "court_administrative:0:〔2024〕浙04行终9号"},
        Case{"NonLitigation", "(2022)浙0402行审5号", "court_administrative:0:(2022)浙0402行审5号"},
        Case{"Civil", "(2023)浙0424民初1号", "court_civil:0:(2023)浙0424民初1号"},
        Case{"Criminal", "(2023)浙0424刑初1号", "court_criminal:0:(2023)浙0424刑初1号"},
        Case{"Enforcement", "(2023)浙0424执1号", "court_enforcement:0:(2023)浙0424执1号"},
        Case{"Penalty", "盐综执罚决字〔2023〕第000123号",
             "penalty_document:0:盐综执罚决字〔2023〕第000123号"},
        Case{"Reconsideration", "盐政复〔2023〕8号",
             "reconsideration_document:0:盐政复〔2023〕8号"},
        Case{"Official", "盐司函〔2023〕2号", "official_document:0:盐司函〔2023〕2号"},
        Case{"Petition", "信访事项编号330424202301", "petition_document:0:330424202301"},
        Case{"YearAlone", "(2023)年", ""},
        Case{"CreditCode", "代码91330000755918469E。", "credit_code:0:91330000755918469e"},
        Case{"WrongCheckDigit", "代码91350100M000100Y4Z", ""},
        Case{"PersonsWithMore", "三十余户业主", "persons:30:三十余户"},
        Case{"PersonsAbout", "三五户人家", "persons:5:三五户"},
        Case{"PersonsDozens", "几十名工友", "persons:30:几十名"},
        Case{"PersonsDigits", "共1800户", "persons:1800:1800户"},
        Case{"NoPersons", "两级人大代表", ""}, Case{"OrdinalIsNoCount", "第三户", ""},
        Case{"Months", "拖了三个月", "days:90:三个月"},
        Case{"WorkingDays", "20个工作日", "days:20:20个工作日"},
        Case{"DateIsNoPeriod", "2023年3月5日", ""}, Case{"Years", "等了两年", "days:730:两年"},
        Case{"YearsBeyondCounting", "百亿余亿年", "days:365000000001:百亿余亿年"},
        Case{"Times", "跑了第五趟", "times:5:五趟"},
        Case{"AmountWithFraction", "18.6万元", "amount:186000:18.6万元"},
        Case{"AmountAbout", "七八万块", "amount:80000:七八万块"},
        Case{"AmountThousands", "1,200元", "amount:1200:1,200元"},
        Case{"Article", "行政处罚法第六十三条", "statute_article:63:第六十三条"},
        Case{"HighCourt", "（2025）浙行终118号", "court_administrative:0:(2025)浙行终118号"},
        Case{"PenaltyBehindTheYear", "（2026）盐行罚字第12号",
             "penalty_document:0:(2026)盐行罚字第12号"},
        Case{"ReconsiderationBehindTheYear", "〔2026〕盐行复第8号",
             "reconsideration_document:0:〔2026〕盐行复第8号"},
        Case{"NonLitigationReviewed", "（2026）浙04行审复3号",
             "court_administrative:0:(2026)浙04行审复3号"},
        Case{"ProseBeforeIsNoKind", "我对罚款不服的盐政复〔2023〕8号",
             "reconsideration_document:0:我对罚款不服的盐政复〔2023〕8号"},
        Case{"PetitionInProse", "信访答复后盐综执罚决字〔2026〕9号",
             "penalty_document:0:信访答复后盐综执罚决字〔2026〕9号"},
        Case{"PenaltyInProse", "因罚款浙经信〔2026〕5号",
             "official_document:0:因罚款浙经信〔2026〕5号"},
        Case{"BareLetter", "浙经信〔2026〕5号", "official_document:0:浙经信〔2026〕5号"},
        Case{"PetitionReviewed", "盐信复查〔2023〕3号", "petition_document:0:盐信复查〔2023〕3号"},
        Case{"PetitionAnswered", "盐信访复字〔2023〕3号",
             "petition_document:0:盐信访复字〔2023〕3号"},
        Case{"SpacesInDocument", "盐政复〔 2026 〕 8号",
             "reconsideration_document:0:盐政复〔 2026 〕 8号"},
        Case{"BlackBrackets", "盐政复【2026】8号", "reconsideration_document:0:盐政复【2026】8号"},
        Case{"SerialWithDash", "盐政复〔2026〕8-1号",
             "reconsideration_document:0:盐政复〔2026〕8-1号"},
        Case{"HeadingIsNoDocument", "【2026年】8号", ""},
        Case{"RoomIsNoCount", "3幢2单元301户", ""},
        Case{"HomesOfABuilding", "3幢120户，5号楼共302户", "persons:302:302户"},
        Case{"HotlineStaff", "12345人工热线，打12345人员说", ""},
        Case{"EmergencyStaff", "打120人没来，报110人员说", ""},
        Case{"PersonsLikeAnEmergency", "工地120人没拿到工资", "persons:120:120人"},
        Case{"InCase", "万一人家不同意，千万人命关天，千家万户", ""},
        Case{"Millions", "上千万元，千万元", "amount:10000000:千万元; amount:10000000:千万元"},
        Case{"YearBeforeTalents", "2024人才招聘，2023家电补贴", ""},
        Case{"RoundThousands", "2000户，2000多人", "persons:2000:2000户; persons:2000:2000多人"},
        Case{"Layout", "120户型，三户口", ""},
        Case{"Places", "六位数，身份证18位，4位密码，18位号码", ""},
        Case{"StaffOfAShop", "30人员工，三十人工资，5人才拿到",
             "persons:30:30人; persons:30:三十人; persons:5:5人"},
        Case{"MonthsAndMore", "四个多月", "days:121:四个多月"},
        Case{"OneMonthAndMore", "一个多月", "days:31:一个多月"},
        Case{"HalfMonth", "三个半月", "days:105:三个半月"},
        Case{"WeeksAndMore", "两个多星期", "days:15:两个多星期"},
        Case{"DaysAndMore", "30多天，十来天", "days:31:30多天; days:10:十来天"},
        Case{"ShortYear", "23年5月，18年12月", ""},
        Case{"ShortYearAlone", "是22年买的新车，08年签的，零八年也签过", ""},
        Case{"TwoDigitsOfAPeriod", "等了15年，20年没有结论，10多年",
             "days:5475:15年; days:7300:20年; days:3651:10多年"},
        Case{"Grade", "三年级，九年义务教育，80年代", ""}, Case{"Age", "3周岁", ""},
        Case{"Anniversary", "十周年", "days:3650:十周年"},
        Case{"DaysOfAMonth", "9月15日至20日", ""},
        Case{"DayPeriod", "拖了15日，一个月到20日", "days:15:15日; days:30:一个月; days:20:20日"},
        Case{"AmountInTwoParts", "3万5千元，3万5000元",
             "amount:35000:3万5千元; amount:35000:3万5000元"},
        Case{"AmountWithMore", "18.6余万元", "amount:186000:18.6余万元"},
        Case{"AmountOfFourPlaces", "3.6258万元，1.23456789亿元",
             "amount:36258:3.6258万元; amount:123456789:1.23456789亿元"},
        Case{"AmountOfHundredMillions", "一亿二千万元，1亿2千万元，三万亿元",
             "amount:120000000:一亿二千万元; amount:120000000:1亿2千万元; "
             "amount:1000000000:三万亿元"},
        Case{"AmountBeforeAYear", "3万2023年", "amount:30000:3万"}),
    [](const auto& info) { return info.param.name; });

TEST(ReferencesTest, InstrumentOfThePartnerStandsForAReference) {
  EXPECT_EQ(ReferenceOf(domain::InstrumentType::kCourtCase, "（2023）浙0402行初1号"),
            ReferenceType::kCourtAdministrative);
  EXPECT_EQ(ReferenceOf(domain::InstrumentType::kHotlineOrder, "1"), std::nullopt);
}

TEST(ReferencesTest, AnyCharactersGiveReferencesInOrderWithinTheText) {
  constexpr uint64_t kSeed = 20261126;
  SCOPED_TRACE(kSeed);
  const std::u32string alphabet =
      U"0123456789.,-"
      U"一二两三几数十百千万亿多余来个半年月周日天号户人位家元块次第条法罚复信访行字政执"
      U"()[]〔〕【】 浙盐幢";
  std::mt19937_64 random(kSeed);
  ReferenceScanner scanner;
  std::vector<Reference> found;
  for (int trial = 0; trial < 20'000; ++trial) {
    std::string text;
    for (size_t size = random() % 60; size > 0; --size) {
      AppendUtf8(alphabet[random() % alphabet.size()], &text);
    }
    found.clear();
    scanner.Find(text, &found);
    uint32_t last = 0;
    for (const Reference& reference : found) {
      EXPECT_LT(reference.begin, reference.end) << text;
      EXPECT_LE(reference.end, text.size()) << text;
      EXPECT_GE(reference.value, 0) << text;
      EXPECT_LE(last, reference.end) << text;
      last = reference.end;
    }
  }
}

TEST(ReferencesTest, NamesGoBothWays) {
  for (size_t i = 0; i < kReferenceTypes; ++i) {
    const auto type = static_cast<ReferenceType>(i);
    EXPECT_EQ(ReferenceTypeFromName(Name(type)), type);
  }
  EXPECT_EQ(ReferenceTypeFromName("nothing"), std::nullopt);
}

}  // namespace
}  // namespace supervision::classification
