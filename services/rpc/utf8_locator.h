#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

// protobuf refuses a whole message when one string field is not UTF-8, and gRPC tells the caller
// nothing. We find out which field it was.
namespace supervision::rpc {

// A string field whose bytes are not UTF-8.
struct BadText {
  std::string path;   // "clue.instruments[3].number"
  size_t offset = 0;  // of its bytes within the message
  size_t size = 0;
};

struct BadTexts {
  bool well_formed = true;  // false: the bytes are no such message at all
  std::vector<BadText> found;
};

// Walks the wire bytes of one message of type `descriptor`, nested messages included. At most
// `limit` fields are reported.
BadTexts LocateInvalidUtf8(std::string_view wire, const google::protobuf::Descriptor& descriptor,
                           size_t limit);

}  // namespace supervision::rpc
