#pragma once

#include <string_view>

#include "services/ledger/replaced.h"
#include "supervision/storage/v1/ledger.pb.h"

namespace supervision::ledger {

// What a later release has stored and this one does not know, and what becomes of it where this one
// writes a record anew: so that both may serve one ledger
// (services/adr/0032-later-fields-are-carried.md).

// Fields of a summary and its facets with numbers from here on belong to the clue or its alert for
// as long as no change of theirs says otherwise; those below describe one text of the clue.
inline constexpr int kFirstLastingField = 100;

// Gives `event`, complete but for that, what it carries on from `replaced`.
void Carry(const Replaced& replaced, storage::v1::StoredEvent* event);

// Gives `version`, which has the same text as the stored `before`, content, verdict and correction
// of before, with all that this release does not know of them.
void CarryText(std::string_view before, storage::v1::StoredClue* version);

// Whether it has fields that this release does not know.
bool HasLaterFields(const google::protobuf::Message& message);

// Gives `to` the fields of `from` that this release does not know, also those of the messages in
// both that are no elements of a list.
void CarryAll(const google::protobuf::Message& from, google::protobuf::Message* to);

}  // namespace supervision::ledger
