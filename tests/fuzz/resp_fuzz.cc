// Bytes that a peer may send as Redis' protocol. Whether they come at once or in pieces, the same
// replies must be read, up to the same error. The first byte of the input is the length of a piece.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "services/redis/resp.h"

namespace {

using supervision::redis::Reply;
using supervision::redis::ReplyReader;

bool Equal(const Reply& a, const Reply& b) {
  return a.type == b.type && a.integer == b.integer && a.text == b.text &&
         std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                    Equal);
}

struct Replies {
  std::vector<Reply> whole;
  bool broken = false;
};

Replies Read(std::string_view bytes, size_t piece) {
  ReplyReader reader;
  Replies replies;
  while (!bytes.empty() && !replies.broken) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    replies.broken = !reader.Feed(part);
    while (!replies.broken) {
      auto reply = reader.Next();
      replies.broken = !reply.ok();
      if (replies.broken || !reply->has_value()) break;
      replies.whole.push_back(*std::move(*reply));
    }
  }
  return replies;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Replies at_once = Read(bytes, bytes.size());
  const Replies in_pieces = Read(bytes, size_t{data[0]} + 1);
  if (at_once.broken != in_pieces.broken ||
      !std::equal(at_once.whole.begin(), at_once.whole.end(), in_pieces.whole.begin(),
                  in_pieces.whole.end(), Equal)) {
    std::abort();
  }
  return 0;
}
