#include "services/ledger/page_token.h"

#include "gtest/gtest.h"
#include "services/domain/error.h"

namespace supervision::ledger {
namespace {

Descriptor ExampleLedger() {
  Descriptor ledger;
  ledger.id = std::string(16, 'i');
  ledger.secret = std::string(32, 's');
  ledger.partitions = 3;
  return ledger;
}

TEST(PageTokenTest, WithoutATokenAListBeginsAtTheTop) {
  EXPECT_EQ(DecodePageToken(ExampleLedger(), {}).value(), ListPlace(3, kFromTop));
}

TEST(PageTokenTest, APlaceComesBackAsItWas) {
  ListQuery query;
  query.filter.unit = "某局";
  const ListPlace place = {kFromTop, kExhausted, 1'790'000'000'000'000};
  query.page_token = EncodePageToken(ExampleLedger(), query, place);
  EXPECT_EQ(DecodePageToken(ExampleLedger(), query).value(), place);
}

TEST(PageTokenTest, OtherConditionsRefuseIt) {
  ListQuery query;
  query.received_from = absl::FromUnixSeconds(1);
  query.page_token = EncodePageToken(ExampleLedger(), query, ListPlace(3, 5));
  query.received_before = query.received_from;
  query.received_from.reset();
  EXPECT_TRUE(domain::HasReason(DecodePageToken(ExampleLedger(), query).status(),
                                domain::Reason::kPageTokenInvalid))
      << "one bound is not the other";
}

}  // namespace
}  // namespace supervision::ledger
