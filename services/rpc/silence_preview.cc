#include "services/rpc/silence_preview.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/time/clock.h"

namespace supervision::rpc {
namespace {

constexpr int kPageSize = 500;
constexpr int kMostPages = 10;  // of each of the two lists
constexpr int kSamples = 10;
constexpr absl::Duration kLookBack = absl::Hours(24 * 7);

class Preview : public std::enable_shared_from_this<Preview> {
 public:
  using Callback = std::function<void(absl::StatusOr<v1::PreviewSilenceResponse>)>;

  Preview(ledger::Ledger* ledger, domain::Silence silence, absl::Duration timeout,
          Callback callback)
      : ledger_(ledger),
        silence_(std::move(silence)),
        until_(absl::Now() + timeout),
        callback_(std::move(callback)) {}

  void Start() {
    if (!silence_.alert_id.empty()) {
      return ledger_->GetAlert(
          silence_.alert_id, silence_.scope, until_ - absl::Now(),
          [self = shared_from_this()](const absl::StatusOr<domain::Alert>& alert) {
            if (!alert.ok()) return self->callback_(alert.status());
            self->silence_.hides_up_to = alert->facets.risk;
            self->Count(*alert, self->answer_.mutable_now());
            self->callback_(std::move(self->answer_));
          });
    }
    query_.kind = ledger::ListQuery::Kind::kAlerts;
    query_.scope = silence_.scope;
    query_.filter = silence_.matcher;
    query_.page_size = kPageSize;
    query_.received_from = absl::Now() - kLookBack;
    Read(answer_.mutable_last_week());
  }

 private:
  void Read(v1::SilencePreview* preview) {
    ledger_->List(query_, until_ - absl::Now(),
                  [self = shared_from_this(), preview](absl::StatusOr<ledger::ListPage> page) {
                    self->Take(std::move(page), preview);
                  });
  }

  void Take(absl::StatusOr<ledger::ListPage> page, v1::SilencePreview* preview) {
    if (!page.ok()) return callback_(page.status());
    const bool now = preview == answer_.mutable_now();
    for (const ledger::ClueSummary& clue : page->clues) {
      // Whether it is open is asked here, not of the list: its filter may name a state too.
      if (!now || clue.alert.facets.state == domain::AlertState::kOpen) Count(clue.alert, preview);
    }
    query_.page_token = std::move(page->next_page_token);
    if (!query_.page_token.empty() && ++pages_ < kMostPages) return Read(preview);
    preview->set_lower_bound(!query_.page_token.empty());
    if (now) return callback_(std::move(answer_));
    pages_ = 0;
    query_.page_token.clear();
    query_.received_from.reset();
    Read(answer_.mutable_now());
  }

  void Count(const domain::Alert& alert, v1::SilencePreview* preview) const {
    if (!domain::IsAbout(silence_, alert.id, alert.facets)) return;
    if (alert.facets.risk > silence_.hides_up_to) {
      return preview->set_too_grave(preview->too_grave() + 1);
    }
    preview->set_alerts(preview->alerts() + 1);
    if (preview->alert_ids_size() < kSamples) preview->add_alert_ids(alert.id);
  }

  ledger::Ledger* const ledger_;
  domain::Silence silence_;
  const absl::Time until_;
  const Callback callback_;
  ledger::ListQuery query_;
  int pages_ = 0;
  v1::PreviewSilenceResponse answer_;
};

}  // namespace

void PreviewSilence(ledger::Ledger* ledger, domain::Silence silence, absl::Duration timeout,
                    std::function<void(absl::StatusOr<v1::PreviewSilenceResponse>)> callback) {
  std::make_shared<Preview>(ledger, std::move(silence), timeout, std::move(callback))->Start();
}

}  // namespace supervision::rpc
