#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/domain/alert.h"
#include "services/ledger/ids.h"

namespace supervision::ledger {

// Every key in Redis, in one place. All keys of partition p begin with "<prefix>sv:{p}:", so they
// share a hash slot. None has a TTL.
//
//   sv:{0}:ledger   hash: id, secret, partitions, schema, created_at (microseconds)
//   sv:{p}:meta     hash: n   position of the log's end
//                         f   first position that is left (absent: 1)
//                         b   bytes of the events that are left
//                         t   the newest order key (microseconds, strictly increasing)
//                         e   epochs, "1:1,2:501": number and first position
//                         r   master_replid2 that the newest epoch knows
//                         g   number of trims; gl the last one, "from:to:micros"
//                         m   markers, written when a repeated answer must be replicated
//   sv:{p}:log      stream of events, ids "<position>-0", field "e"
//   sv:{p}:told     stream of length 1 whose id is the last position that replicas have confirmed
//   sv:{p}:lease    hash: holder, fence, until (milliseconds); who trims
//   sv:{p}:c:<id>   hash of a clue: v version, t order key, w "1" when withdrawn, l StoredSummary,
//                   s:<v> StoredClue of a version, q:<request_id> digest (32 bytes) and version,
//                   k claim of a reviewer, "<until, milliseconds>:<holder>", h number of steps of
//                   the alert's life, h:<n> StoredAlertChange of a step. Of an alert that a route
//                   raised, which has no clue: g instead of v, and no versions; q:<request_id> of a
//                   step has digest and "h:<n>"
//   sv:{p}:i:…      streams of the clues that came in with a facet: an entry for each commit, its
//                   id the first order key in it, its field "b" the clues: order key (8 bytes, high
//                   byte first) and id (16 bytes) of each. Never rewritten: who reads looks at the
//                   clue itself.
//                   i:all, i:s:<scenario>, i:k:<risk>, i:r:<region, 6 digits>,
//                   i:u:<digest of a unit's name or credit code>, i:p:<partner>
//   sv:{p}:j:…      sorted sets of the clues that got a facet later, by order key, member: the 16
//                   bytes of the id; named as the streams. j:h: those that a person has corrected.
//                   j:a:<state> and j:o:<digest of the principal>, which have no streams: clues
//                   whose alert is in the state (not open), or has the owner, now
//   sv:{p}:d        sorted set of the acknowledgements that end, by when (microseconds), member as
//                   above
//   sv:{p}:q:<risk>:<doubt>
//                   sorted sets of the clues that wait for review, by order key, member as above:
//                   a clue is in the one that fits as long as it waits
//   sv:{0}:s:<digest of owner and name>
//                   hash of a named subscription: v version, d StoredSubscription, p
//                   StoredProgress, a when that last moved (milliseconds), g generation: how often
//                   somebody has connected, c StoredConnection and u until when it counts as alive
//                   (milliseconds); both absent: nobody is connected; x when the last one left, or
//                   its conditions were changed (milliseconds), w "1" while its history ends soon,
//                   r and n the reader that connected last and its attempt. Of a shared one: q
//                   place "epoch:position,…" of all partitions, instead of p, g, r and n, and h
//                   how many hand-overs there were beyond the first of each alert
//   sv:{0}:s:<digest>:t, :b, :x, :m
//                   hashes of a shared subscription: what is taken, what is settled beyond the
//                   place, dead letters, and the replicas that have consumers of it; see share.lua
//   sv:{0}:rl       hash: holder, fence, until (milliseconds); who follows the routes
//   sv:{0}:rs       hash: p StoredProgress up to which what routes have to tell has been seen to, s
//                   when that was written and since when each route is on,
//                   "@:<micros>,<id>:<micros>"
//   sv:{0}:so:<digest of the owner>
//                   sorted set of the names of an owner's subscriptions, all with score 0
//   sv:{0}:sa       set of the digests of all subscriptions
//   sv:{0}:z        hash of the silences: StoredSilence by id
//   sv:{0}:zr       sorted set of their ids by revision: each change of one gets the newest
//   sv:{0}:ze       sorted set of their ids by end (milliseconds)
//   sv:{0}:zo:<digest of the author>
//                   sorted set of the ids of an author's that had not ended at the last change
class Keys {
 public:
  Keys(std::string_view prefix, int partitions);

  // A sentence when `prefix` may not be one.
  static std::optional<std::string> CheckPrefix(std::string_view prefix);

  static std::string Descriptor(std::string_view prefix);
  std::string Meta(int partition) const { return bases_[partition] + "meta"; }
  std::string Log(int partition) const { return bases_[partition] + "log"; }
  std::string Told(int partition) const { return bases_[partition] + "told"; }
  std::string Lease(int partition) const { return bases_[partition] + "lease"; }
  std::string Clue(const ClueRef& clue) const;

  std::string All(int partition) const { return bases_[partition] + "i:all"; }
  std::string Scenario(int partition, domain::Scenario scenario) const;
  std::string Risk(int partition, domain::Risk risk) const;
  // By the first six digits: `code` has at least as many.
  std::string Region(int partition, std::string_view code) const;
  std::string Unit(int partition, std::string_view name_or_code) const;
  std::string Partner(int partition, std::string_view partner) const;
  // Clues that wait for a person, by gravity and doubt (domain::DoubtOf).
  std::string ReviewQueue(int partition, domain::Risk risk, int doubt) const;
  // Clues that a person has corrected; whether that still stands, the clue says.
  std::string Corrected(int partition) const { return bases_[partition] + "i:h"; }

  // Clues whose alert is acknowledged or resolved, and those that somebody answers for. Only those
  // that are so now, so only sorted sets; see Later.
  std::string State(int partition, domain::AlertState state) const;
  std::string Owner(int partition, std::string_view owner) const;
  // Acknowledgements by when they end.
  std::string Due(int partition) const { return bases_[partition] + "d"; }

  // All subscriptions lie in partition 0. `digest` is one of Digest.
  std::string Subscription(const std::string& digest) const { return bases_[0] + "s:" + digest; }
  // The same with all that a shared one has beside, in the order of share.lua.
  std::vector<std::string> SharedSubscription(const std::string& digest) const {
    const std::string key = Subscription(digest);
    return {key, key + ":t", key + ":b", key + ":x", MembersOf(key)};
  }
  // Of a shared one, by the key of the subscription.
  static std::string MembersOf(const std::string& subscription) { return subscription + ":m"; }
  std::string SubscriptionNames(const std::string& owner_digest) const {
    return bases_[0] + "so:" + owner_digest;
  }
  std::string AllSubscriptions() const { return bases_[0] + "sa"; }
  // Routes live there too: they combine clues of all partitions.
  std::string RouteLease() const { return bases_[0] + "rl"; }
  std::string RouteState() const { return bases_[0] + "rs"; }
  // Silences lie in partition 0 too.
  std::string Silences() const { return bases_[0] + "z"; }
  std::string SilenceRevisions() const { return bases_[0] + "zr"; }
  std::string SilenceEnds() const { return bases_[0] + "ze"; }
  std::string SilencesOf(const std::string& author_digest) const {
    return bases_[0] + "zo:" + author_digest;
  }
  // Stands for a text of any length that may name a person.
  static std::string Digest(std::string_view text);

  // Where those are that got the facet of `index` later.
  std::string Later(int partition, const std::string& index) const;

  // Every index that a new clue with these facets goes into.
  std::vector<std::string> IndexesOf(int partition, const domain::Facets& facets) const;

  int partitions() const { return static_cast<int>(bases_.size()); }

 private:
  std::vector<std::string> bases_;  // "<prefix>sv:{p}:"
};

inline constexpr size_t kRegionDigits = 6;

}  // namespace supervision::ledger
