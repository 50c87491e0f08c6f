#include "clients/cpp/repeats.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::client {

namespace {

std::string KeyOf(const v1::AlertUpdate& update) {
  return update.has_left()
             ? absl::StrCat("left ", update.left().version(), " ", update.left().alert_id())
             : absl::StrCat(update.alert().version(), " ", update.alert().id());
}

}  // namespace

// Its place in the order stays: a key that comes there is forgotten sooner, no more.
void Repeats::Forget(const v1::AlertUpdate& update) { known_.erase(KeyOf(update)); }

bool Repeats::Note(const v1::AlertUpdate& update) {
  std::string key = KeyOf(update);
  if (!known_.insert(key).second) return true;
  order_.push_back(std::move(key));
  if (order_.size() > limit_) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return false;
}

}  // namespace supervision::client
