#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace supervision::config {

// The first 12 hex digits of a SHA-256 over texts, in their order: replicas that go by the same
// files have the same.
std::string TextDigest(std::initializer_list<std::string_view> texts);

}  // namespace supervision::config
