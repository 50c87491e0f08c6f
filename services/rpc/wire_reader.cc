#include "services/rpc/wire_reader.h"

namespace supervision::rpc {
namespace {

constexpr uint32_t kEndGroup = 4;
constexpr int kMaxVarintBytes = 10;
// Of tags and lengths: protobuf takes no longer form of them, even when the rest of it is zero.
constexpr int kMaxShortVarintBytes = 5;
constexpr int kMaxGroupDepth = 32;
constexpr uint32_t kMaxFieldNumber = (1u << 29) - 1;

}  // namespace

bool WireReader::ReadVarint(int max_bytes, uint64_t* value) {
  *value = 0;
  for (int i = 0; i < max_bytes && !rest_.empty(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) return true;
  }
  return Fail();
}

bool WireReader::Skip(uint64_t size) {
  if (size > rest_.size()) return Fail();
  rest_.remove_prefix(size);
  return true;
}

bool WireReader::ReadTag(uint32_t* number, uint32_t* type) {
  uint64_t tag = 0;
  if (!ReadVarint(kMaxShortVarintBytes, &tag)) return false;
  if (tag >> 3 == 0 || tag >> 3 > kMaxFieldNumber) return Fail();
  *number = static_cast<uint32_t>(tag >> 3);
  *type = static_cast<uint32_t>(tag & 7);
  return true;
}

bool WireReader::ReadValue(uint32_t type, int depth) {
  switch (static_cast<Type>(type)) {
    case Type::kVarint:
      return ReadVarint(kMaxVarintBytes, &field_.varint);
    case Type::kFixed64:
      return Skip(8);
    case Type::kFixed32:
      return Skip(4);
    case Type::kBytes: {
      uint64_t size = 0;
      if (!ReadVarint(kMaxShortVarintBytes, &size)) return false;
      if (size > rest_.size()) return Fail();
      field_.bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    case Type::kGroup:
      return SkipGroup(field_.number, depth);
  }
  return Fail();
}

bool WireReader::SkipGroup(uint32_t number, int depth) {
  if (depth >= kMaxGroupDepth) return Fail();
  while (!rest_.empty()) {
    uint32_t inner = 0;
    uint32_t type = 0;
    if (!ReadTag(&inner, &type)) return false;
    if (type == kEndGroup) return inner == number || Fail();
    field_.number = inner;  // an inner group must end with its own number
    if (!ReadValue(type, depth + 1)) return false;
  }
  return Fail();
}

bool WireReader::Next() {
  if (!ok_ || rest_.empty()) return false;
  field_ = {};
  uint32_t number = 0;
  uint32_t type = 0;
  if (!ReadTag(&number, &type)) return false;
  field_.number = number;
  if (!ReadValue(type, 0)) return false;
  field_.number = number;
  field_.type = static_cast<Type>(type);
  return true;
}

}  // namespace supervision::rpc
