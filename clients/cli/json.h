#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/error.h"
#include "google/protobuf/message.h"

namespace supervision::cli {

// A message as one line of JSON with the names of the protos; every field is there, also when it
// has its default, so that scripts need not ask.
std::string ToJson(const google::protobuf::Message& message);

// Reads JSON into `message`. Unknown fields are mistakes; enum words may be in any case.
absl::Status FromJson(const std::string& json, google::protobuf::Message& message);

// A JSON string in quotation marks; each byte that is no UTF-8, which JSON has not, is U+FFFD.
std::string JsonQuote(const std::string& text);

// An object of ready-made JSON values, on one line.
std::string JsonObject(const std::vector<std::pair<std::string, std::string>>& members);

// An error as an object: code, reason, message, message_zh, metadata, violations,
// retry_after_seconds.
std::string ToJson(const client::Error& error);

}  // namespace supervision::cli
