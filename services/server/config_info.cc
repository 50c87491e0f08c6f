#include "services/server/config_info.h"

#include <utility>

namespace supervision::server {

ConfigInfo::ConfigInfo(prometheus::Registry* registry, std::string what, const std::string& digest)
    : what_(std::move(what)),
      family_(&prometheus::BuildGauge()
                   .Name("supervision_config_info")
                   .Help("The principals and the routes in force, by the digest of their files; "
                         "always 1.")
                   .Register(*registry)) {
  Tell(digest);
}

void ConfigInfo::Tell(const std::string& digest) {
  if (shown_ != nullptr) family_->Remove(shown_);
  shown_ = &family_->Add({{"what", what_}, {"digest", digest}});
  shown_->Set(1);
}

}  // namespace supervision::server
