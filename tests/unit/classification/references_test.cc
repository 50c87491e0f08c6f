#include "services/classification/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "services/classification/normaliser.h"

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
        Case{"YearsBeyondCounting", "百亿余亿年", "days:365000000000:百亿余亿年"},
        Case{"Times", "跑了第五趟", "times:5:五趟"},
        Case{"AmountWithFraction", "18.6万元", "amount:186000:18.6万元"},
        Case{"AmountAbout", "七八万块", "amount:80000:七八万块"},
        Case{"AmountThousands", "1,200元", "amount:1200:1,200元"},
        Case{"Article", "行政处罚法第六十三条", "statute_article:63:第六十三条"}),
    [](const auto& info) { return info.param.name; });

TEST(ReferencesTest, InstrumentOfThePartnerStandsForAReference) {
  EXPECT_EQ(ReferenceOf(domain::InstrumentType::kCourtCase, "（2023）浙0402行初1号"),
            ReferenceType::kCourtAdministrative);
  EXPECT_EQ(ReferenceOf(domain::InstrumentType::kHotlineOrder, "1"), std::nullopt);
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
