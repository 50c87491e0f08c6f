#include "services/ledger/silence_codec.h"

#include <utility>

#include "services/ledger/carry.h"
#include "services/ledger/filter_codec.h"
#include "supervision/storage/v1/silence.pb.h"

namespace supervision::ledger {

std::string EncodeSilence(const SilenceRecord& record, std::string_view before) {
  const domain::Silence& silence = record.silence;
  storage::v1::StoredSilenceWords words;
  *words.mutable_matcher() = StoredFilterOf(silence.matcher);
  words.set_alert_id(silence.alert_id);
  words.set_reason(silence.reason);
  words.set_author(silence.author);
  words.mutable_receivers()->Add(silence.receivers.begin(), silence.receivers.end());
  words.mutable_scope()->set_scenarios(static_cast<uint32_t>(silence.scope.scenarios.to_ulong()));
  words.mutable_scope()->mutable_regions()->Add(silence.scope.regions.begin(),
                                                silence.scope.regions.end());
  words.set_ended_by(silence.ended_by);
  storage::v1::StoredSilence stored;
  storage::v1::StoredSilence was;
  storage::v1::StoredSilenceWords were;
  if (was.ParseFromArray(before.data(), static_cast<int>(before.size())) &&
      were.ParseFromString(was.words().data())) {
    CarryAll(were, &words);
    CarryAll(was, &stored);
  }
  stored.set_id(silence.id);
  stored.mutable_words()->set_data(words.SerializeAsString());
  stored.set_created_at_micros(absl::ToUnixMicros(silence.created_at));
  stored.set_ends_at_micros(absl::ToUnixMicros(silence.ends_at));
  stored.set_hides_up_to(static_cast<int32_t>(silence.hides_up_to));
  stored.set_request_digest(record.request_digest);
  return stored.SerializeAsString();
}

std::optional<SilenceRecord> DecodeSilence(std::string_view bytes) {
  storage::v1::StoredSilence stored;
  storage::v1::StoredSilenceWords words;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      stored.words().key_id() != 0 || !words.ParseFromString(stored.words().data())) {
    return std::nullopt;
  }
  // With a condition that this release does not know it would hide what it is not meant to.
  if (HasLaterFields(words.matcher())) return std::nullopt;
  std::optional<domain::Filter> matcher = FilterOf(words.matcher());
  if (!matcher.has_value()) return std::nullopt;
  SilenceRecord record;
  domain::Silence& silence = record.silence;
  silence.id = stored.id();
  silence.author = words.author();
  silence.scope.scenarios = domain::ScenarioSet(words.scope().scenarios());
  silence.scope.regions = {words.scope().regions().begin(), words.scope().regions().end()};
  silence.matcher = *std::move(matcher);
  silence.alert_id = words.alert_id();
  silence.hides_up_to = static_cast<domain::Risk>(stored.hides_up_to());
  silence.receivers = {words.receivers().begin(), words.receivers().end()};
  silence.reason = words.reason();
  silence.created_at = absl::FromUnixMicros(stored.created_at_micros());
  silence.ends_at = absl::FromUnixMicros(stored.ends_at_micros());
  silence.ended_by = words.ended_by();
  record.request_digest = stored.request_digest();
  return record;
}

}  // namespace supervision::ledger
