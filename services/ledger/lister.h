#pragma once

#include <memory>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"
#include "services/ledger/page_token.h"

namespace supervision::ledger {

// Pages of clues, newest first. The most selective index that the query allows is walked downwards
// by order key, in every partition at once, and merged; each candidate's summary is then looked at.
// A page ends when it is full, when nothing is left, or when it has looked at a bounded number of
// candidates, so its cost does not depend on how many clues there are.
//
// An order key is given once to a clue and never changes, so pages neither repeat nor skip a clue
// while others arrive. On the loop's thread.
class Lister {
 public:
  explicit Lister(Context* context) : context_(context) {}

  void List(ListQuery query, absl::Duration timeout, Ledger::Callback<ListPage> callback);

 private:
  Context* const context_;
};

// The indexes that `query` is answered from in one partition: every clue that it asks for is in one
// of them, or among those that got its facet later.
std::vector<std::string> ChooseIndexes(const Keys& keys, int partition, const ListQuery& query);

}  // namespace supervision::ledger
