#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "services/config/problems.h"
#include "services/config/server_fields.h"
#include "services/config/server_settings.h"

namespace supervision::config {

// The merged configuration of all sources, with where each value comes from.
class MergedServer {
 public:
  // Merges what can be merged and tells every mistake of form. The file's text is given, since it
  // was read before.
  MergedServer(const ServerSources& sources, std::string_view file_text, Problems* problems);

  const v1::ServerConfig& config() const { return config_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Tells a mistake of meaning about the field at `path` where the field was set.
  void Complain(const std::string& path, std::string text);

  // The YAML of ServerSettings::effective.
  std::string EffectiveText() const;

 private:
  void TakeFlag(const std::string& argument);
  void TakeVariable(const std::string& name, const std::string& value);
  void Set(const ServerField& field, const std::string& origin, std::string_view value);

  const std::vector<ServerField> fields_ = ServerFields();
  v1::ServerConfig config_ = DefaultServerConfig();
  SourceMap source_;
  Problems* const problems_;
  std::map<std::string, std::string> origins_;  // path -> variable or flag that set it
  std::map<std::string, bool> told_;            // origins with a mistake of form
  std::vector<std::string> warnings_;
};

}  // namespace supervision::config
