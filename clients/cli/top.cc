// The service at a glance, again and again.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "clients/cli/top/page.h"
#include "clients/cli/top/rates.h"
#include "clients/cli/top/screen.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/steady_clock.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(An operator sees the replica that answers: rates since the look before, what waits, streams, and
owners of subscriptions. Whoever watches alerts sees how far its own subscriptions are behind. On a
terminal the page is drawn anew in place ("q" or Ctrl-C ends it); elsewhere it is a line each time.
"behind/slow": streams that read from the ledger, and of them those that read too slowly.

Examples:
  supervisionctl top
  supervisionctl top --interval 5 | tee -a service.log
  supervisionctl top --once --json | jq .rates.accepted
  SUPERVISION_TOKEN=$MONITOR_TOKEN supervisionctl top --lang zh)";

// Of these, the first by name are asked for.
constexpr int kMostSubscriptions = 30;
constexpr absl::Duration kLongestCall = absl::Seconds(2);  // somebody may want an end meanwhile
constexpr size_t kRowsUnderAHead = 20;
constexpr size_t kMostRemembered = 512;  // rates, as many as the widest page shows and more

struct Flags {
  double interval = 2;
  bool once = false;
  bool json = false;
};

// Looks at the service with what the caller may see.
class Looker {
 public:
  explicit Looker(client::Client& client) : client_(client) {}

  Look Take() {
    Look look;
    look.at = absl::Now();
    if (sees_service_) {
      auto service = client_.GetStatus(kOptions);
      if (service.ok()) {
        look.service = *std::move(service);
      } else {
        Refused(service.status(), &sees_service_, &look);
      }
    }
    if (has_subscriptions_ && look.trouble.ok()) TakeSubscriptions(&look);
    if (!sees_service_ && !has_subscriptions_ && look.trouble.ok()) look.trouble = refusal_;
    return look;
  }

 private:
  static const client::CallOptions kOptions;

  // Who may not see one part is shown the other.
  void Refused(const absl::Status& status, bool* may, Look* look) {
    if (!absl::IsPermissionDenied(status)) {
      look->trouble = status;
      return;
    }
    *may = false;
    refusal_ = status;
  }

  void TakeSubscriptions(Look* look) {
    v1::ListSubscriptionsRequest list;
    list.set_page_size(kMostSubscriptions);
    const auto page = client_.ListSubscriptions(list, kOptions);
    if (!page.ok()) return Refused(page.status(), &has_subscriptions_, look);
    look->subscriptions.emplace();
    look->more_subscriptions = !page->next_page_token().empty();
    for (const v1::Subscription& one : page->subscriptions()) {
      v1::GetSubscriptionRequest get;
      get.set_name(one.name());
      auto found = client_.GetSubscription(get, kOptions);
      if (found.ok()) {
        look->subscriptions->push_back(*std::move(found));
      } else if (!absl::IsNotFound(found.status())) {  // deleted meanwhile
        look->trouble = found.status();
        return;
      }
    }
  }

  client::Client& client_;
  bool sees_service_ = true;
  bool has_subscriptions_ = true;
  absl::Status refusal_;
};

const client::CallOptions Looker::kOptions = {.timeout = kLongestCall, .retry = false};

// Shows one look after the other.
class Shower {
 public:
  Shower(Session& session, const Flags& flags, Screen& screen)
      : session_(session),
        flags_(flags),
        screen_(screen),
        on_screen_(!flags.json && !flags.once && Screen::Possible()) {}

  void Show(Look look) {
    std::optional<Rates> rates;
    if (look_.service.has_value() && look.service.has_value()) {
      rates = RatesBetween(*look_.service, *look.service);
    }
    if (rates.has_value()) {
      Remember(rates->accepted, &accepted_);
      Remember(rates->told, &told_);
    }
    look_ = std::move(look);
    rates_ = rates;
    Print();
  }

  // The same again: the size has changed.
  void Redraw() {
    if (on_screen_) Print();
  }

  // Without showing it: there is nothing to compare it with.
  void Note(Look look) { look_ = std::move(look); }

 private:
  static void Remember(double rate, std::vector<double>* rates) {
    if (rates->size() == kMostRemembered) rates->erase(rates->begin());
    rates->push_back(rate);
  }

  void Print() {
    if (flags_.json) return session_.Print(JsonOf(look_, rates_));
    const Shown shown{look_, rates_, accepted_, told_};
    if (on_screen_) {
      screen_.Open();
      return screen_.Draw(PageOf(session_, shown), session_.color());
    }
    if (flags_.once) {
      std::string text;
      for (const Line& line : PageOf(session_, shown)) {
        std::string drawn = Drawn(line, std::string::npos, session_.color());
        drawn.erase(drawn.find_last_not_of(' ') + 1);
        text += drawn + "\n";
      }
      return session_.Print(text);
    }
    if (look_.service.has_value() && rows_++ % kRowsUnderAHead == 0) {
      session_.Print(RowHead(session_));
    }
    session_.Print(Row(session_, look_, rates_));
  }

  Session& session_;
  const Flags& flags_;
  Screen& screen_;
  const bool on_screen_;
  Look look_;
  std::optional<Rates> rates_;
  std::vector<double> accepted_;
  std::vector<double> told_;
  size_t rows_ = 0;
};

int Top(Session& session, const Flags& flags) {
  // Before the client, whose threads must not take the signals.
  Screen screen([&session](const std::string& text) { session.Print(text); });
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Looker looker(*client);
  Shower shower(session, flags, screen);
  const absl::Duration interval = absl::Seconds(flags.interval);
  Look look = looker.Take();
  // What no waiting mends is said at once.
  if (!look.trouble.ok() && (flags.once || !client::IsTransient(client::ErrorOf(look.trouble)))) {
    return session.Fail(look.trouble);
  }
  if (flags.once) {
    shower.Note(std::move(look));
    if (screen.Wait(interval) == Screen::Event::kEnd) return kOk;
    look = looker.Take();
    if (!look.trouble.ok()) return session.Fail(look.trouble);
    shower.Show(std::move(look));
    return kOk;
  }
  shower.Show(std::move(look));
  absl::Time next = client::SteadyNow() + interval;
  while (session.OutputOpen()) {
    switch (screen.Wait(next - client::SteadyNow())) {
      case Screen::Event::kEnd:
        return kOk;
      case Screen::Event::kResized:
        shower.Redraw();
        break;
      case Screen::Event::kTime:
        shower.Show(looker.Take());
        next = client::SteadyNow() + interval;
    }
  }
  return kOk;
}

}  // namespace

void AddTop(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("top", "Show rates, lag, queues and streams, again and again");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--interval", flags->interval, "Seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->add_flag("--once", flags->once, "Show it once, with the rates of one interval");
  command->add_flag("--json", flags->json, "Print a line of JSON each time");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Top(session, *flags); }; });
}

}  // namespace supervision::cli
