#include "tests/faults/delivery_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::faults {
namespace {

std::string NameOf(DeliveryClient::Kind kind) {
  switch (kind) {
    case DeliveryClient::Kind::kWatch:
      return "watch";
    case DeliveryClient::Kind::kFilteredWatch:
      return "filtered watch";
    case DeliveryClient::Kind::kConsume:
      return "subscription";
    case DeliveryClient::Kind::kSnapshot:
      return "snapshot";
    case DeliveryClient::Kind::kShare:
      return "share";
  }
  return "";
}

MonitorRecord::Course CourseOf(DeliveryClient::Kind kind) {
  switch (kind) {
    case DeliveryClient::Kind::kWatch:
    case DeliveryClient::Kind::kFilteredWatch:
      return MonitorRecord::Course::kCursor;
    case DeliveryClient::Kind::kConsume:
      return MonitorRecord::Course::kSubscription;
    case DeliveryClient::Kind::kSnapshot:
      return MonitorRecord::Course::kSnapshots;
    case DeliveryClient::Kind::kShare:
      return MonitorRecord::Course::kShare;
  }
  return MonitorRecord::Course::kCursor;
}

}  // namespace

DeliveryClient::DeliveryClient(DeliveryCluster* cluster, Options options)
    : cluster_(cluster),
      options_(std::move(options)),
      gate_(cluster->address(options_.first_replica)),
      wanted_replica_(options_.first_replica) {
  {
    base::MutexLock lock(&mutex_);
    record_.name = NameOf(options_.kind);
    record_.course = CourseOf(options_.kind);
    record_.views.push_back({options_.view, 0});
  }
  thread_ = std::thread([this] { Run(); });
}

void DeliveryClient::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopping_ = true;
    CancelLocked();
  }
  if (thread_.joinable()) thread_.join();
}

void DeliveryClient::CancelLocked() {
  cancelled_ = true;
  if (context_ != nullptr) context_->TryCancel();
  changed_.SignalAll();
}

// ---- Faults

void DeliveryClient::CutInAMessage(size_t bytes) { gate_.CutAfter(bytes); }

void DeliveryClient::Cut() {
  base::MutexLock lock(&mutex_);
  CancelLocked();
}

void DeliveryClient::Stall(bool stall) {
  base::MutexLock lock(&mutex_);
  stalled_ = stall;
  changed_.SignalAll();
}

void DeliveryClient::Hold(bool hold) {
  base::MutexLock lock(&mutex_);
  held_ = hold;
  if (hold) CancelLocked();
  changed_.SignalAll();
}

void DeliveryClient::MoveTo(int replica) {
  base::MutexLock lock(&mutex_);
  wanted_replica_ = replica;
  if (replica_ != replica) CancelLocked();
}

// ---- Views

View DeliveryClient::view() const {
  base::MutexLock lock(&mutex_);
  return record_.views.back().view;
}

void DeliveryClient::ViewBegins(View view) {
  base::MutexLock lock(&mutex_);
  record_.views.push_back({std::move(view), std::nullopt});
}

void DeliveryClient::ViewInForce() {
  base::MutexLock lock(&mutex_);
  view_in_force_ = record_.views.size() - 1;
}

void DeliveryClient::FilterInForce(size_t published) {
  base::MutexLock lock(&mutex_);
  view_in_force_ = record_.views.size() - 1;
  // A scope that is not certain yet makes none of both together.
  if (record_.views[view_in_force_ - 1].certain_at.has_value()) {
    record_.views[view_in_force_].certain_at = published;
  }
}

void DeliveryClient::SetFilter(const std::string& prefix) {
  base::MutexLock lock(&mutex_);
  View view = record_.views.back().view;
  view.filter = prefix;
  record_.views.push_back({std::move(view), std::nullopt});
  view_in_force_ = record_.views.size() - 1;
  CancelLocked();
}

void DeliveryClient::Note(size_t published) {
  base::MutexLock lock(&mutex_);
  for (size_t v = 0; v <= view_greeted_; ++v) {
    if (!record_.views[v].certain_at.has_value()) record_.views[v].certain_at = published;
  }
}

// ---- What became of it

bool DeliveryClient::connected() const {
  base::MutexLock lock(&mutex_);
  return greeted_ && !cancelled_;
}
int DeliveryClient::replica() const {
  base::MutexLock lock(&mutex_);
  return greeted_ && !cancelled_ ? replica_ : -1;
}
size_t DeliveryClient::opened() const {
  base::MutexLock lock(&mutex_);
  return opened_;
}
bool DeliveryClient::HasHeard(const Told& what) const {
  base::MutexLock lock(&mutex_);
  const auto& connections = record_.connections;
  if (connections.empty()) return false;
  const size_t newest = connections.size() - 1;
  const size_t newest_view = record_.views.size() - 1;
  for (const Heard& heard : record_.heard) {
    if (heard.what != what) continue;
    switch (options_.kind) {
      case Kind::kSnapshot:
        if (heard.connection == newest && connections[newest].snapshot_told_at.has_value()) {
          return true;
        }
        break;
      case Kind::kConsume:
        if (heard.kept || connections[heard.connection].view == newest_view) return true;
        break;
      default:
        return true;
    }
  }
  return false;
}
std::string DeliveryClient::error() const {
  base::MutexLock lock(&mutex_);
  return error_;
}
bool DeliveryClient::told_gap() const {
  base::MutexLock lock(&mutex_);
  return std::any_of(record_.connections.begin(), record_.connections.end(),
                     [](const auto& connection) { return connection.told_gap; });
}
int DeliveryClient::told_left() const {
  base::MutexLock lock(&mutex_);
  return static_cast<int>(std::count_if(record_.heard.begin(), record_.heard.end(),
                                        [](const Heard& heard) { return heard.left; }));
}
std::string DeliveryClient::Describe() const {
  base::MutexLock lock(&mutex_);
  return absl::StrCat(context_ == nullptr ? "no stream" : "a stream", " at replica ", replica_,
                      greeted_ ? ", greeted" : "", cancelled_ ? ", cancelled" : "",
                      stalled_ ? ", stalled" : "", held_ ? ", held" : "", ", ",
                      record_.connections.size(), " connections, ", record_.heard.size(),
                      " updates, delivery ", newest_, " the newest of the last");
}
MonitorRecord DeliveryClient::Record() const {
  base::MutexLock lock(&mutex_);
  return record_;
}

}  // namespace supervision::faults
