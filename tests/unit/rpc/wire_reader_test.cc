#include "services/rpc/wire_reader.h"

#include <string>

#include "gtest/gtest.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::rpc {
namespace {

using std::string_literals::operator""s;

TEST(WireReaderTest, StepsOverEveryKindOfField) {
  const std::string message =
      "\x08\x96\x01"s                          // 1: varint 150
      "\x12\x02hi"s                            // 2: bytes
      "\x19\x01\x02\x03\x04\x05\x06\x07\x08"s  // 3: fixed64
      "\x25\x01\x02\x03\x04"s                  // 4: fixed32
      "\x2b\x08\x01\x2c"s                      // 5: group
      "\x30\x07"s;                             // 6: varint 7
  WireReader reader(message);
  std::string seen;
  while (reader.Next()) seen += std::to_string(reader.field().number);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(seen, "123456");
}

TEST(WireReaderTest, GivesValuesInPlace) {
  v1::BatchSubmitCluesRequest batch;
  batch.add_items()->set_request_id("a");
  batch.set_validate_only(true);
  const std::string bytes = batch.SerializeAsString();
  WireReader reader(bytes);

  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.field().number, 1u);
  EXPECT_EQ(reader.field().bytes, batch.items(0).SerializeAsString());
  EXPECT_GE(reader.field().bytes.data(), bytes.data());
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.field().varint, 1u);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.ok());
}

struct Broken {
  const char* name;
  std::string bytes;
};
class BrokenWireTest : public ::testing::TestWithParam<Broken> {};
INSTANTIATE_TEST_SUITE_P(
    All, BrokenWireTest,
    ::testing::Values(Broken{"TruncatedTag", "\x92"s}, Broken{"FieldNumberZero", "\x02\x00"s},
                      Broken{"TruncatedVarint", "\x08\x96"s},
                      Broken{"EndlessVarint", "\x08" + std::string(11, '\x80')},
                      Broken{"TruncatedBytes", "\x12\x05hi"s},
                      Broken{"HugeLength", "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s},
                      Broken{"TruncatedFixed64", "\x19\x01"s},
                      Broken{"TruncatedFixed32", "\x25\x01"s}, Broken{"OpenGroup", "\x2b\x08\x01"s},
                      Broken{"GroupEndsWithOtherNumber", "\x2b\x34"s},
                      Broken{"EndOfNoGroup", "\x2c"s}, Broken{"TypeSix", "\x0e"s},
                      Broken{"DeepGroups", std::string(100, '\x2b')}),
    [](const auto& info) { return info.param.name; });

TEST_P(BrokenWireTest, EndsNotOk) {
  WireReader reader(GetParam().bytes);
  while (reader.Next()) {
  }
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.Next());
}

}  // namespace
}  // namespace supervision::rpc
