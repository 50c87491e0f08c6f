#include "services/ledger/sharing_codec.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "supervision/storage/v1/subscription.pb.h"

namespace supervision::ledger {
namespace {

absl::string_view ViewOf(std::string_view text) { return {text.data(), text.size()}; }

template <typename Message>
bool Parse(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string EncodeSharedPlace(const Place& place) {
  std::string text;
  for (size_t p = 0; p < place.positions.size(); ++p) {
    absl::StrAppend(&text, p == 0 ? "" : ",", place.epochs[p], ":", place.positions[p]);
  }
  return text;
}

std::optional<Place> DecodeSharedPlace(std::string_view text, int partitions) {
  Place place;
  for (const absl::string_view word : absl::StrSplit(ViewOf(text), ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(word, ':');
    int64_t epoch = 0;
    int64_t position = 0;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &epoch) ||
        !absl::SimpleAtoi(parts[1], &position)) {
      return std::nullopt;
    }
    place.epochs.push_back(epoch);
    place.positions.push_back(position);
  }
  if (place.positions.size() != static_cast<size_t>(partitions)) return std::nullopt;
  return place;
}

std::string EncodeReason(const std::string& reason) {
  storage::v1::Envelope envelope;
  envelope.set_data(reason);
  return envelope.SerializeAsString();
}

std::string DecodeReason(std::string_view bytes) {
  storage::v1::Envelope envelope;
  if (bytes.empty() || !Parse(bytes, &envelope) || envelope.key_id() != 0) return kLeaseEnded;
  return envelope.data();
}

std::string LetterId(int64_t epoch, const EntryKey& entry) {
  return absl::StrCat(epoch, "-", entry.first, "-", entry.second);
}

std::string EncodeDeadLetter(const DeadLetter& letter) {
  storage::v1::StoredDeadLetter stored;
  stored.set_alert_id(letter.alert_id);
  stored.set_alert_version(letter.alert_version);
  stored.mutable_reason()->set_data(letter.reason);
  stored.set_attempts(letter.attempts);
  stored.set_first_at_millis(absl::ToUnixMillis(letter.first_at));
  stored.set_died_at_millis(absl::ToUnixMillis(letter.died_at));
  return stored.SerializeAsString();
}

std::optional<DeadLetter> DecodeDeadLetter(std::string_view id, std::string_view bytes) {
  storage::v1::StoredDeadLetter stored;
  DeadLetter letter;
  const std::vector<absl::string_view> words = absl::StrSplit(ViewOf(id), '-');
  if (words.size() != 3 || !absl::SimpleAtoi(words[0], &letter.epoch) ||
      !absl::SimpleAtoi(words[1], &letter.entry.first) ||
      !absl::SimpleAtoi(words[2], &letter.entry.second) || !Parse(bytes, &stored) ||
      stored.reason().key_id() != 0) {
    return std::nullopt;
  }
  letter.id = std::string(id);
  letter.alert_id = stored.alert_id();
  letter.alert_version = stored.alert_version();
  letter.reason = stored.reason().data();
  letter.attempts = stored.attempts();
  letter.first_at = absl::FromUnixMillis(stored.first_at_millis());
  letter.died_at = absl::FromUnixMillis(stored.died_at_millis());
  return letter;
}

}  // namespace supervision::ledger
