#pragma once

#include <cstdint>
#include <string_view>

namespace supervision::rpc {

// Reads the fields of one serialised protobuf message without knowing its type: what the wire
// format itself tells. Does not own the bytes. Not thread-safe.
//
//   WireReader reader(bytes);
//   while (reader.Next()) Use(reader.field());
//   if (!reader.ok()) …the bytes are no message…
class WireReader {
 public:
  enum class Type : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kFixed32 = 5 };

  struct Field {
    uint32_t number = 0;
    Type type = Type::kVarint;
    uint64_t varint = 0;     // of kVarint
    std::string_view bytes;  // of kBytes: the value, within the message's bytes
  };

  explicit WireReader(std::string_view message) : rest_(message) {}

  // Steps to the next field; false at the end or at the first broken byte. A group is stepped over
  // as a whole: our messages have none.
  bool Next();
  const Field& field() const { return field_; }
  bool ok() const { return ok_; }

 private:
  bool Fail() {
    ok_ = false;
    return false;
  }
  bool ReadVarint(int max_bytes, uint64_t* value);
  bool Skip(uint64_t size);
  bool ReadTag(uint32_t* number, uint32_t* type);
  bool ReadValue(uint32_t type, int depth);
  bool SkipGroup(uint32_t number, int depth);

  std::string_view rest_;
  Field field_;
  bool ok_ = true;
};

}  // namespace supervision::rpc
