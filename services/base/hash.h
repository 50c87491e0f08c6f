#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace supervision::base {

using Sha256Digest = std::array<uint8_t, 32>;

// SHA-256 of `data` (OpenSSL). Thread-safe.
Sha256Digest Sha256(std::string_view data);

// HMAC-SHA-256 of `data` under `key` (OpenSSL). Thread-safe.
Sha256Digest HmacSha256(std::string_view key, std::string_view data);

// `size` bytes from the operating system's random source. Ends the process when there is none.
std::string RandomBytes(size_t size);

// Compares without telling by its time where the two differ.
bool EqualInConstantTime(std::string_view a, std::string_view b);

// The digest's first `size` (at most 32) bytes as a string.
std::string Prefix(const Sha256Digest& digest, size_t size);

}  // namespace supervision::base
