#include "clients/cpp/repeats.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::client {

bool Repeats::Note(const v1::AlertUpdate& update) {
  std::string key =
      update.has_left()
          ? absl::StrCat("left ", update.left().version(), " ", update.left().alert_id())
          : absl::StrCat(update.alert().version(), " ", update.alert().id());
  if (!known_.insert(key).second) return true;
  order_.push_back(std::move(key));
  if (order_.size() > limit_) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return false;
}

}  // namespace supervision::client
