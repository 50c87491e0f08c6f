#include "services/ledger/batch.h"

#include <unordered_map>

namespace supervision::ledger {
namespace {

// Numbers the keys of a call, each once, from 1 as Lua does.
class KeyNumbers {
 public:
  explicit KeyNumbers(std::vector<std::string>* keys) : keys_(keys) {}

  // Appends the number of `key` in two bytes, high byte first.
  void Append(const std::string& key, std::string* header) {
    const auto [found, is_new] = numbers_.try_emplace(key, keys_->size() + 1);
    if (is_new) keys_->push_back(key);
    AppendNumber(found->second, header);
  }
  static void AppendNumber(size_t number, std::string* header) {
    header->push_back(static_cast<char>(number >> 8));
    header->push_back(static_cast<char>(number & 0xFF));
  }

 private:
  std::vector<std::string>* const keys_;
  std::unordered_map<std::string, size_t> numbers_;
};

}  // namespace

BatchCall MakeBatchCall(const Keys& keys, int partition, absl::Span<const Change* const> changes,
                        bool wait_follows) {
  BatchCall call;
  call.keys = {keys.Meta(partition), keys.Log(partition), keys.Due(partition)};
  call.arguments = {std::to_string(changes.size()), wait_follows ? "1" : "0"};
  call.arguments.reserve(2 + 9 * changes.size());
  for (const Change* const change : changes) call.keys.push_back(change->clue_key);
  KeyNumbers numbers(&call.keys);
  for (const Change* const change : changes) {
    std::string header(1, static_cast<char>(change->kind));
    KeyNumbers::AppendNumber(change->expected, &header);
    header.push_back(static_cast<char>(change->enter.size()));
    header.push_back(static_cast<char>(change->leave.size()));
    for (const std::vector<std::string>* const lists :
         {&change->enter, &change->leave, &change->join}) {
      for (const std::string& key : *lists) numbers.Append(key, &header);
    }
    call.arguments.push_back(std::move(header));
    call.arguments.push_back(change->kind == Change::Kind::kCreate ? std::to_string(change->order)
                                                                   : change->due);
    call.arguments.push_back("q:" + change->request_id);
    call.arguments.push_back(change->digest);
    call.arguments.push_back(change->clue.bytes);
    call.arguments.push_back(change->version);
    call.arguments.push_back(change->summary);
    call.arguments.push_back(change->event);
    call.arguments.push_back(change->claim);
  }
  return call;
}

std::optional<BatchReply> ParseBatchReply(redis::Reply reply, size_t changes) {
  if (!reply.is_array() || reply.elements.size() != changes + 1) return std::nullopt;
  BatchReply parsed;
  parsed.end = reply.elements[0].integer;
  parsed.outcomes.resize(changes);
  for (size_t i = 0; i < changes; ++i) {
    std::vector<redis::Reply>& words = reply.elements[i + 1].elements;
    if (words.empty() || words[0].integer > static_cast<int64_t>(Decision::kDamaged)) {
      return std::nullopt;
    }
    Outcome& outcome = parsed.outcomes[i];
    outcome.decision = static_cast<Decision>(words[0].integer);
    if (outcome.decision == Decision::kAccepted) {
      if (words.size() != 2) return std::nullopt;
      outcome.position = words[1].integer;
    } else if (outcome.decision == Decision::kRepeated) {
      if (words.size() != 2) return std::nullopt;
      outcome.stored = std::move(words[1].text);
    }
  }
  return parsed;
}

}  // namespace supervision::ledger
