#include "services/rpc/bytes.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "supervision/v1/clue_service.pb.h"

namespace supervision::rpc {
namespace {

alerting::SharedBytes Piece(size_t size, char letter) {
  return std::make_shared<const std::string>(size, letter);
}

std::string TextOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice holder;
  return std::string(Flatten(buffer, &holder));
}

TEST(BytesTest, JoinKeepsEveryByteInOrder) {
  const std::vector<alerting::SharedBytes> pieces = {
      Piece(3, 'a'), Piece(0, 'x'),   Piece(5000, 'b'), Piece(255, 'c'),
      Piece(1, 'd'), Piece(256, 'e'), Piece(257, 'f'),  Piece(2, 'g')};
  std::string expected;
  for (const alerting::SharedBytes& piece : pieces) expected += *piece;
  EXPECT_EQ(TextOf(Join(pieces)), expected);
}

TEST(BytesTest, JoinOfNothingIsAnEmptyMessage) { EXPECT_EQ(Join({}).Length(), 0u); }

TEST(BytesTest, LongPiecesAreSharedAndGivenBack) {
  const alerting::SharedBytes piece = Piece(100'000, 'a');
  {
    const grpc::ByteBuffer first = Join({piece});
    const grpc::ByteBuffer second = Join({piece});
    EXPECT_EQ(piece.use_count(), 3);
    grpc::Slice slice;
    ASSERT_TRUE(first.TrySingleSlice(&slice).ok());
    EXPECT_EQ(reinterpret_cast<const char*>(slice.begin()), piece->data());
  }
  EXPECT_EQ(piece.use_count(), 1);
}

TEST(BytesTest, ShortPiecesAreCopied) {
  const alerting::SharedBytes piece = Piece(16, 'a');
  const grpc::ByteBuffer buffer = Join({piece, piece});
  EXPECT_EQ(piece.use_count(), 1);
}

TEST(BytesTest, FlattenPutsManySlicesTogether) {
  std::vector<grpc::Slice> slices;
  for (int i = 0; i < 100; ++i)
    slices.emplace_back(std::string(1000, static_cast<char>('a' + i % 26)));
  const grpc::ByteBuffer buffer(slices.data(), slices.size());
  EXPECT_EQ(TextOf(buffer).size(), 100'000u);
  EXPECT_EQ(TextOf(buffer)[99'999], 'a' + 99 % 26);
}

TEST(BytesTest, SerialisedMessagesParseAgain) {
  v1::SubmitClueRequest request;
  request.set_request_id("r-1");
  v1::SubmitClueRequest parsed;
  ASSERT_TRUE(parsed.ParseFromString(TextOf(Serialise(request))));
  EXPECT_EQ(parsed.request_id(), "r-1");
  EXPECT_EQ(Serialise(v1::SubmitClueRequest()).Length(), 0u);
}

}  // namespace
}  // namespace supervision::rpc
