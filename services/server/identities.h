#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/base/mutex.h"
#include "services/config/server_settings.h"
#include "services/observability/log.h"
#include "services/security/slots.h"
#include "services/server/config_info.h"
#include "services/server/inputs.h"
#include "services/server/rereading.h"

namespace supervision::server {

// Keeps who may call and what TLS shows and trusts up to date while the service runs: once a second
// it looks at the files, and what has changed and rested for a second is read and checked. While
// anything is wrong what was before stays in force, the log and a metric say so, and it is tried
// again each minute: a certificate that is not valid yet is taken when its time has come. Also
// warns of certificates that run out: in 30 days, and again in 7.
//
// Thread-safe.
class Identities {
 public:
  struct Options {
    config::ServerSettings::Listen listen;
    std::string principals;  // the files
    std::string tokens;
    absl::Duration look = absl::Seconds(1);
    const base::Clock* clock = base::Clock::System();
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
    // Called at each look with who may call now: open streams are looked at again.
    std::function<void(const security::PrincipalDirectory&, absl::Time)> check_streams;
  };

  // What was read and checked before the start; its `tls` may be null.
  Identities(Options options, const Inputs& inputs);
  ~Identities();  // stops

  void Start();
  void Stop();  // safe to call twice

  const security::DirectorySlot* principals() const { return &principals_; }
  const security::TlsSlot* tls() const { return &tls_; }

 private:
  void Run();
  void Look();
  void ReadPrincipals(absl::Time now);
  void ReadTls(absl::Time now);
  void WarnOfEnd(absl::Time now);
  void TellTls();
  // Shows until the next reading of `what` whether it was refused, and counts it. False when it
  // was another try that came to the same: then nothing more is said of it.
  bool TellReading(const char* what, const absl::Status& status, Rereading* files, absl::Time now);

  const Options options_;
  security::DirectorySlot principals_;
  security::TlsSlot tls_;
  ConfigInfo principals_info_;
  Rereading principals_files_;
  Rereading tls_files_;
  std::thread thread_;
  absl::Time warned_of_;  // the end that was warned of last
  int warned_days_ = 0;   // and how long before
  prometheus::Family<prometheus::Counter>* reloads_ = nullptr;
  prometheus::Family<prometheus::Gauge>* rejected_ = nullptr;
  prometheus::Family<prometheus::Gauge>* until_ = nullptr;

  base::Mutex mutex_;
  base::CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace supervision::server
