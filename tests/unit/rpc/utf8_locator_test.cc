#include "services/rpc/utf8_locator.h"

#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::rpc {
namespace {

using std::string_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::BatchSubmitCluesRequest ValidBatch() {
  v1::BatchSubmitCluesRequest batch;
  for (int i = 0; i < 3; ++i) {
    v1::BatchSubmitCluesRequest::Item* const item = batch.add_items();
    item->set_request_id("r" + std::to_string(i));
    item->mutable_clue()->set_title("标题");
    item->mutable_clue()->add_instruments()->set_number("文号一");
    item->mutable_clue()->add_instruments()->set_number("文号二");
    item->mutable_clue()->add_evidence()->set_sha256("\xff\xfe not text");
  }
  return batch;
}

// Serialises with `marker` replaced by bytes of the same length, as a foreign client may send them.
std::string WithBytes(const v1::BatchSubmitCluesRequest& batch, const std::string& marker,
                      const std::string& bytes) {
  EXPECT_EQ(marker.size(), bytes.size());
  std::string wire = batch.SerializeAsString();
  const size_t at = wire.find(marker);
  EXPECT_NE(at, std::string::npos);
  return wire.replace(at, marker.size(), bytes);
}

BadTexts Locate(const std::string& wire) {
  return LocateInvalidUtf8(wire, *v1::BatchSubmitCluesRequest::descriptor(), 100);
}

TEST(Utf8LocatorTest, FindsNothingInAValidMessage) {
  const BadTexts texts = Locate(ValidBatch().SerializeAsString());
  EXPECT_TRUE(texts.well_formed);
  EXPECT_THAT(texts.found, IsEmpty());  // bytes fields are no text
}

TEST(Utf8LocatorTest, NamesTheFieldWithItsIndices) {
  v1::BatchSubmitCluesRequest batch = ValidBatch();
  batch.mutable_items(2)->mutable_clue()->mutable_instruments(1)->set_number("MARKER");
  const std::string wire = WithBytes(batch, "MARKER", "abc\xc3\x28z");

  const BadTexts texts = Locate(wire);

  EXPECT_TRUE(texts.well_formed);
  EXPECT_THAT(texts.found,
              ElementsAre(Field(&BadText::path, "items[2].clue.instruments[1].number")));
  EXPECT_EQ(wire.substr(texts.found[0].offset, texts.found[0].size), "abc\xc3\x28z");
}

TEST(Utf8LocatorTest, FindsAllUpToTheLimit) {
  v1::BatchSubmitCluesRequest batch;
  for (int i = 0; i < 20; ++i) batch.add_items()->set_request_id("MARKER");
  std::string wire = batch.SerializeAsString();
  for (size_t at = wire.find("MARKER"); at != std::string::npos; at = wire.find("MARKER")) {
    wire.replace(at, 6, "\xff\xff\xff\xff\xff\xff");
  }
  EXPECT_THAT(Locate(wire).found, SizeIs(20));
  EXPECT_THAT(LocateInvalidUtf8(wire, *v1::BatchSubmitCluesRequest::descriptor(), 7).found,
              SizeIs(7));
}

TEST(Utf8LocatorTest, SaysWhenTheBytesAreNoMessage) {
  EXPECT_FALSE(Locate("\x0a\x7f short").well_formed);
  EXPECT_FALSE(Locate("\x0a\x02\x12\x7f"s).well_formed);  // broken inside an item
}

TEST(Utf8LocatorTest, AgreesWithProtobufOnRandomBytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  // Bytes that are near the borders of what UTF-8 allows.
  const std::string alphabet =
      "aZ\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5"
      "\xff";
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (unsigned length = random() % 12; text.size() < length;) {
      text += alphabet[random() % alphabet.size()];
    }
    const std::string wire = "\x0a" + std::string(1, static_cast<char>(text.size())) + text;
    const BadTexts texts = LocateInvalidUtf8(wire, *v1::StreamCluesRequest::descriptor(), 1);
    ASSERT_EQ(texts.found.empty(), v1::StreamCluesRequest().ParseFromString(wire))
        << ::testing::PrintToString(text);
  }
}

TEST(Utf8LocatorTest, AgreesWithProtobufOnDamagedMessages) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string valid = ValidBatch().SerializeAsString();
  int valid_ones = 0;
  int found_ones = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string wire = valid;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      wire[random() % wire.size()] = static_cast<char>(random());
    }
    const bool parses = v1::BatchSubmitCluesRequest().ParseFromString(wire);
    const BadTexts texts = Locate(wire);
    // protobuf forgives a few forms of tags that we call broken; the other way round never.
    if (texts.well_formed) {
      ASSERT_EQ(parses, texts.found.empty()) << ::testing::PrintToString(wire);
      (parses ? valid_ones : found_ones)++;
    }
  }
  EXPECT_GT(valid_ones, 100);
  EXPECT_GT(found_ones, 100);
}

}  // namespace
}  // namespace supervision::rpc
