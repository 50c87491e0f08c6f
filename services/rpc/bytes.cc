#include "services/rpc/bytes.h"

#include <cstring>

namespace supervision::rpc {
namespace {

// From this size on a piece is sent by reference.
constexpr size_t kShareFrom = 256;

grpc::Slice Share(const alerting::SharedBytes& piece) {
  auto* const owner = new alerting::SharedBytes(piece);
  // Nobody writes to a slice that is sent; the signature is older than const.
  return grpc::Slice(
      const_cast<char*>(piece->data()), piece->size(),
      [](void* held) { delete static_cast<alerting::SharedBytes*>(held); }, owner);
}

// Pieces [begin, end) in one slice of `size` bytes.
grpc::Slice Copy(const std::vector<alerting::SharedBytes>& pieces, size_t begin, size_t end,
                 size_t size) {
  grpc::Slice slice(size);
  auto* at = const_cast<uint8_t*>(slice.begin());
  for (size_t i = begin; i < end; ++i) {
    std::memcpy(at, pieces[i]->data(), pieces[i]->size());
    at += pieces[i]->size();
  }
  return slice;
}

}  // namespace

std::string_view Flatten(const grpc::ByteBuffer& buffer, grpc::Slice* holder) {
  if (!buffer.TrySingleSlice(holder).ok() && !buffer.DumpToSingleSlice(holder).ok()) return {};
  return {reinterpret_cast<const char*>(holder->begin()), holder->size()};
}

grpc::ByteBuffer Serialise(const google::protobuf::Message& message) {
  const size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer Join(const std::vector<alerting::SharedBytes>& pieces) {
  std::vector<grpc::Slice> slices;
  slices.reserve(pieces.size());
  for (size_t begin = 0; begin < pieces.size();) {
    if (pieces[begin]->size() >= kShareFrom) {
      slices.push_back(Share(pieces[begin++]));
      continue;
    }
    size_t end = begin;
    size_t size = 0;
    for (; end < pieces.size() && pieces[end]->size() < kShareFrom; ++end) {
      size += pieces[end]->size();
    }
    slices.push_back(Copy(pieces, begin, end, size));
    begin = end;
  }
  if (slices.empty()) slices.emplace_back();  // a message may be empty, a buffer not
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace supervision::rpc
