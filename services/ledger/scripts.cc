#include "services/ledger/scripts.h"

#include <string_view>

namespace supervision::ledger {

// Made from the files when the library is built (scripts/embed.cmake).
extern const std::string_view k_claim_lua;
extern const std::string_view k_commit_lua;
extern const std::string_view k_derive_lua;
extern const std::string_view k_open_lua;
extern const std::string_view k_epoch_lua;
extern const std::string_view k_lease_lua;
extern const std::string_view k_place_lua;
extern const std::string_view k_rebase_lua;
extern const std::string_view k_share_lua;
extern const std::string_view k_silence_lua;
extern const std::string_view k_subscription_lua;
extern const std::string_view k_trim_lua;

// Scripts outlive every client, also one that a static object still holds: never destroyed.
const redis::Script& CommitScript() {
  static const auto* const script = new redis::Script(std::string(k_commit_lua));
  return *script;
}
const redis::Script& OpenScript() {
  static const auto* const script = new redis::Script(std::string(k_open_lua));
  return *script;
}
const redis::Script& EpochScript() {
  static const auto* const script = new redis::Script(std::string(k_epoch_lua));
  return *script;
}
const redis::Script& LeaseScript() {
  static const auto* const script = new redis::Script(std::string(k_lease_lua));
  return *script;
}
const redis::Script& TrimScript() {
  static const auto* const script = new redis::Script(std::string(k_trim_lua));
  return *script;
}

const redis::Script& ClaimScript() {
  static const auto* const script = new redis::Script(std::string(k_claim_lua));
  return *script;
}

const redis::Script& SubscriptionScript() {
  static const auto* const script = new redis::Script(std::string(k_subscription_lua));
  return *script;
}
const redis::Script& PlaceScript() {
  static const auto* const script = new redis::Script(std::string(k_place_lua));
  return *script;
}

const redis::Script& ShareScript() {
  static const auto* const script = new redis::Script(std::string(k_share_lua));
  return *script;
}
const redis::Script& RebaseScript() {
  static const auto* const script = new redis::Script(std::string(k_rebase_lua));
  return *script;
}

const redis::Script& DeriveScript() {
  static const auto* const script = new redis::Script(std::string(k_derive_lua));
  return *script;
}

const redis::Script& SilenceScript() {
  static const auto* const script = new redis::Script(std::string(k_silence_lua));
  return *script;
}

std::vector<const redis::Script*> AllScripts() {
  return {&CommitScript(), &OpenScript(),    &EpochScript(),        &LeaseScript(),
          &TrimScript(),   &ClaimScript(),   &SubscriptionScript(), &PlaceScript(),
          &DeriveScript(), &SilenceScript(), &ShareScript(),        &RebaseScript()};
}

}  // namespace supervision::ledger
