#pragma once

#include <string>

namespace supervision::client {

// A request_id that nobody else makes: 128 random bits in hexadecimal. Keep it beside the clue
// until the answer has come: repeating the call with it is always safe.
std::string NewRequestId();

}  // namespace supervision::client
