#include "services/server/identities.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/security/loopback.h"
#include "services/server/tls_files.h"

namespace supervision::server {
namespace {

constexpr int kWarnDays[] = {7, kFirstWarningDays};  // before the end, the nearest first

void LogMistakes(observability::Logger* log, std::string_view event, const absl::Status& status) {
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    log->Error(event, {{"what", std::string_view(line.data(), line.size())}});
  }
}

std::string UtcText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

}  // namespace

Identities::Identities(Options options, const Inputs& inputs)
    : options_(std::move(options)),
      principals_(inputs.principals.directory),
      tls_(inputs.tls),
      principals_info_(options_.metrics, "principals", inputs.principals.digest),
      principals_files_(inputs.principals_times),
      tls_files_(inputs.tls_times),
      reloads_(&prometheus::BuildCounter()
                    .Name("supervision_identity_reloads_total")
                    .Help("Files of principals and of TLS read again, by what came of it.")
                    .Register(*options_.metrics)),
      rejected_(
          &prometheus::BuildGauge()
               .Name("supervision_identity_rejected")
               .Help("1 while the files of principals, or of TLS, are refused and those before "
                     "are in force.")
               .Register(*options_.metrics)),
      until_(&prometheus::BuildGauge()
                  .Name("supervision_tls_expiry_seconds")
                  .Help("When the certificate in use, and the last client authority, run out, "
                        "seconds since 1970.")
                  .Register(*options_.metrics)) {
  for (const char* const what : {"principals", "tls"}) {
    for (const char* const result : {"loaded", "rejected"}) {
      reloads_->Add({{"what", what}, {"result", result}});
    }
    rejected_->Add({{"what", what}});
  }
  TellTls();
}

Identities::~Identities() { Stop(); }

void Identities::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void Identities::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  stop_.SignalAll();
  if (thread_.joinable()) thread_.join();
}

void Identities::Run() {
  while (true) {
    WarnOfEnd(options_.clock->Now());
    {
      base::MutexLock lock(&mutex_);
      if (!stopping_) stop_.WaitFor(&mutex_, absl::ToChronoNanoseconds(options_.look));
      if (stopping_) return;
    }
    Look();
  }
}

void Identities::Look() {
  const absl::Time now = options_.clock->Now();
  if (principals_files_.Due(now)) ReadPrincipals(now);
  if (options_.listen.tls() && tls_files_.Due(now)) ReadTls(now);
  if (options_.check_streams) options_.check_streams(*principals_.Get(), now);
}

void Identities::ReadPrincipals(absl::Time now) {
  absl::StatusOr<config::LoadedPrincipals> loaded =
      config::LoadPrincipals(options_.principals, options_.tokens);
  absl::Status status = loaded.status();
  if (status.ok() && loaded->example) {
    status = security::CheckExampleMayListen(options_.listen.grpc);
  }
  if (!TellReading("principals", status, &principals_files_, now)) return;
  if (!status.ok()) return LogMistakes(options_.log, "principals_rejected", status);
  principals_.Put(loaded->directory);
  principals_info_.Tell(loaded->digest);
  options_.log->Info("principals_loaded",
                     {{"principals", static_cast<int64_t>(loaded->count)},
                      {"tokens", static_cast<int64_t>(loaded->directory->issued().size())},
                      {"void_tokens", static_cast<int64_t>(loaded->void_tokens)}});
}

void Identities::ReadTls(absl::Time now) {
  auto material = LoadTls(options_.listen, now);
  if (!TellReading("tls", material.status(), &tls_files_, now)) return;
  if (!material.ok()) return LogMistakes(options_.log, "tls_rejected", material.status());
  tls_.Put(*std::move(material));
  TellTls();
  const std::string until = UtcText(tls_.Get()->certificate_until);
  options_.log->Info("tls_loaded", {{"until", std::string_view(until)}});
}

bool Identities::TellReading(const char* what, const absl::Status& status, Rereading* files,
                             absl::Time now) {
  if (!files->Note(status, now)) return false;
  reloads_->Add({{"what", what}, {"result", status.ok() ? "loaded" : "rejected"}}).Increment();
  rejected_->Add({{"what", what}}).Set(status.ok() ? 0 : 1);
  return true;
}

void Identities::TellTls() {
  const std::shared_ptr<const security::TlsMaterial> tls = tls_.Get();
  if (tls == nullptr) return;
  const auto tell = [this](const char* what, absl::Time until) {
    until_->Add({{"what", what}}).Set(absl::ToDoubleSeconds(until - absl::UnixEpoch()));
  };
  tell("certificate", tls->certificate_until);
  if (!tls->texts.client_ca.empty()) tell("client_ca", tls->client_ca_until);
}

void Identities::WarnOfEnd(absl::Time now) {
  const std::shared_ptr<const security::TlsMaterial> tls = tls_.Get();
  if (tls == nullptr) return;
  const absl::Time end = std::min(tls->certificate_until, tls->client_ca_until);
  for (const int days : kWarnDays) {
    if (end - now > absl::Hours(24) * days) continue;
    if (warned_of_ == end && warned_days_ <= days) return;
    warned_of_ = end;
    warned_days_ = days;
    const bool own = end == tls->certificate_until;
    const std::string until = UtcText(end);
    return options_.log->Warning(
        "certificate_ends", {{"setting", own ? "listen.tls_certificate" : "listen.tls_client_ca"},
                             {"until", std::string_view(until)},
                             {"days_left", absl::ToInt64Hours(end - now) / 24}});
  }
}

}  // namespace supervision::server
