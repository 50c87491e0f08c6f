#pragma once

#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/base/backoff.h"
#include "services/base/mutex.h"
#include "services/redis/client.h"
#include "services/redis/loop_core.h"
#include "services/redis/resp.h"
#include "services/redis/socket.h"

namespace supervision::redis {

// One command, or several that belong together, from the caller to its answer. It is a node of one
// list after the other and is never copied.
struct Request {
  using Time = std::chrono::steady_clock::time_point;
  using Deadlines = std::multimap<Time, std::list<Request>::iterator>;

  std::string bytes;  // as they go over the wire
  size_t size = 0;    // of `bytes`, also after they are gone
  size_t expected = 1;
  std::vector<Result> results;
  Client::Callback callback;    // of one command
  Client::Callbacks callbacks;  // of several
  Time deadline;
  Client::ConnectionNumber only_on = Client::kAnyConnection;  // the one that it may go on

  const Script* script = nullptr;  // of Run() and of a reload
  bool ran_again = false;          // after NOSCRIPT
  bool reload = false;             // SCRIPT LOAD of our own: nobody waits
  bool sent = false;
  Time sent_at;
  bool given_up = false;  // its caller has been answered: what comes for it is nobody's
  Deadlines::iterator place;
};

// What Client's comment promises. Callers put requests into a list under a mutex and wake the loop
// when it was empty; all else happens on the loop's thread, where a request moves through
//
//   incoming -> waiting -> sent -> finished        (retries: NOSCRIPT, goes before waiting)
//
// Invariants: the replies of Redis come in the order of `sent_`; only what is in `sent_` can have
// had an effect; what waits and is bound to a connection is bound to the one that stands; every
// request outside `incoming_` and `finished_`, reloads apart, has its deadline in `deadlines_`; one
// that was given up stays in `sent_` until its reply comes, or none does for too long.
// Code that changes the state never calls a callback: it moves requests to `finished_`, and
// Deliver() at the end of each entry point calls them, with no lock and in a state that allows any
// call from them.
class Connection final : public Socket::Owner, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop* loop, Client::Options options);

  void Start();
  void Stop();

  // Takes a list of one request. Any thread.
  void Enqueue(std::list<Request> request) ABSL_LOCKS_EXCLUDED(mutex_);
  // Answers a request that cannot be taken, later and on the loop's thread. Any thread.
  void Refuse(std::list<Request> request, FailureKind kind, std::string why);
  Client::Stats GetStats() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Renew(std::string why);  // any thread

 private:
  enum class State { kWaitingToConnect, kConnecting, kEntering, kReady, kClosed };
  enum class Unsent { kKeep, kAnswer };
  enum class Taken { kAnswer, kRunAgain };
  struct Step {
    std::string name;
    bool may_be_refused;  // a user who may not, and a Redis that cannot write, can be spoken to
  };

  // Entry points on the loop's thread; each ends with Deliver().
  void Wake();
  void OnConnected() override;
  void OnRead(std::string_view bytes) override;
  void OnWritten() override;
  void OnBroken(const std::string& why) override;
  void OnConnectTimer();
  void OnDeadlineTimer();
  void Close();

  void Open();
  void Enter();
  void HandleEntryReply(const Reply& reply);
  void HandleReply(Reply reply);
  Taken TakeReply(Request* request, Reply reply);
  void Flush();
  void AppendRequest(std::list<Request>* from, std::string* out);
  void AppendReload(const Script* script, std::string* out);
  void CheckDeadlines();
  void GiveUp(std::list<Request>::iterator request);
  void Break(std::string why, Unsent unsent, absl::Duration reconnect_not_before);
  void FailAll(std::list<Request>* requests, FailureKind kind, const std::string& why);
  void FailStrays(std::list<Request>* requests);
  void Finish(std::list<Request>* from, std::list<Request>::iterator request);
  void Fail(std::list<Request>* from, std::list<Request>::iterator request, FailureKind kind,
            const std::string& why);
  void Deliver();
  void Tell(bool connected);

  const std::shared_ptr<Loop::Core> core_;
  const Client::Options options_;

  mutable base::Mutex mutex_;
  std::list<Request> incoming_ ABSL_GUARDED_BY(mutex_);
  Client::Stats stats_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;  // no more requests are taken
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;   // and everybody has been answered
  base::CondVar closed_changed_;

  // The rest: only on the loop's thread.
  State state_ = State::kWaitingToConnect;
  Client::ConnectionNumber number_ = 0;  // of the newest connection that became ready
  base::Backoff backoff_;
  std::unique_ptr<LoopTimer> connect_timer_;   // of the attempt, or until the next one
  std::unique_ptr<LoopTimer> deadline_timer_;  // for the earliest of deadlines_
  Request::Time deadline_armed_ = Request::Time::max();
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<ReplyReader> reader_;
  std::deque<Step> steps_;  // of entering, whose replies are awaited
  std::string run_id_;      // as the server said while entering
  std::string last_error_;

  std::list<Request> waiting_;
  std::list<Request> retries_;
  std::list<Request> sent_;
  std::list<Request> finished_;
  Request::Deadlines deadlines_;

  std::string out_;                    // empty between calls; keeps its memory
  bool writing_ = false;               // until OnWritten
  bool draining_ = false;              // send nothing more; renew when the sent ones are answered
  absl::Duration drain_delay_;         // then
  std::set<const Script*> reloading_;  // sent, not yet answered
  bool reload_all_ = false;
  std::vector<bool> state_changes_;  // to be told
  bool delivering_ = false;
};

}  // namespace supervision::redis
