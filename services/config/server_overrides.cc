#include "services/config/server_overrides.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/utf8.h"
#include "services/config/field_text.h"
#include "services/config/suggest.h"
#include "services/config/yaml_loader.h"

extern char** environ;

namespace supervision::config {
namespace {

constexpr std::string_view kVariablePrefix = "SUPERVISION_";

// Text that may stand in YAML without quotes and is not taken for something else.
bool IsPlainYaml(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:+-";
  if (text.empty() || text.find_first_not_of(kPlain) != std::string_view::npos) return false;
  const char first = text.front();
  if (first == '-' || first == ':' || text.back() == ':') return false;
  return text != "null" && text != "Null" && text != "NULL";
}

std::string YamlText(std::string_view text) {
  if (IsPlainYaml(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr char kDigits[] = "0123456789abcdef";
      absl::StrAppend(&quoted, "\\x", std::string(1, kDigits[(c >> 4) & 0xF]),
                      std::string(1, kDigits[c & 0xF]));
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

// The one of the fields' names that `name` was probably meant to be; empty when none is near. What
// all names begin with is left out: it would make everything near.
template <typename Member>
std::string NearestName(const std::string& name, size_t common,
                        const std::vector<ServerField>& fields, Member member) {
  if (name.size() < common) return "";
  std::vector<std::string> ends;
  for (const ServerField& field : fields) ends.push_back((field.*member).substr(common));
  const std::string nearest = Nearest(name.substr(common), ends);
  return nearest.empty() ? "" : (fields.front().*member).substr(0, common) + nearest;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ProcessEnvironment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (!text.starts_with(kVariablePrefix) || equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

MergedServer::MergedServer(const ServerSources& sources, std::string_view file_text,
                           Problems* problems)
    : problems_(problems) {
  source_.set_file(sources.file);
  if (!sources.file.empty()) {
    ReadYaml(file_text, sources.file, &config_, &source_, problems_);
  }
  for (const auto& [name, value] : sources.environment) TakeVariable(name, value);
  for (const std::string& argument : sources.flags) TakeFlag(argument);
}

void MergedServer::Set(const ServerField& field, const std::string& origin,
                       std::string_view value) {
  google::protobuf::Message* section =
      config_.GetReflection()->MutableMessage(&config_, field.section);
  origins_[field.path] = origin;
  const std::string problem =
      base::IsUtf8(value) ? SetFromText(section, field.field, value) : "the value is not UTF-8";
  if (problem.empty()) return;
  told_[origin] = true;
  problems_->AddAt(origin, {}, problem);
}

void MergedServer::TakeVariable(const std::string& name, const std::string& value) {
  for (const ServerField& field : fields_) {
    if (field.variable == name) return Set(field, name, value);
  }
  // Not a mistake: other programs and Kubernetes' service links use the same beginning.
  const std::string nearest =
      NearestName(name, kVariablePrefix.size(), fields_, &ServerField::variable);
  if (!nearest.empty()) {
    warnings_.push_back(absl::StrCat(name, ": no setting has this name; did you mean '", nearest,
                                     "'? It is ignored"));
  }
}

void MergedServer::TakeFlag(const std::string& argument) {
  const size_t equals = argument.find('=');
  const std::string name = argument.substr(0, equals);
  for (const ServerField& field : fields_) {
    if (field.flag != name) continue;
    if (equals == std::string::npos) {
      return problems_->AddAt(name, {}, absl::StrCat("has no value; write ", name, "=VALUE"));
    }
    return Set(field, name, std::string_view(argument).substr(equals + 1));
  }
  const std::string nearest = NearestName(name, 2, fields_, &ServerField::flag);
  problems_->AddAt(Quote(name), {},
                   nearest.empty()
                       ? "unknown argument; flags are --section.field=VALUE as in server.yaml"
                       : absl::StrCat("unknown flag; did you mean '", nearest, "'?"));
}

void MergedServer::Complain(const std::string& path, std::string text) {
  const auto origin = origins_.find(path);
  if (origin == origins_.end()) {
    problems_->Add(source_, path, absl::StrCat(path, " ", text));
  } else if (!told_[origin->second]) {
    problems_->AddAt(origin->second, {}, std::move(text));
  }
}

std::string MergedServer::EffectiveText() const {
  std::string text = "# The settings in effect, each with where its value comes from.\n";
  const google::protobuf::FieldDescriptor* section = nullptr;
  for (const ServerField& field : fields_) {
    if (field.section != section) {
      section = field.section;
      absl::StrAppend(&text, section->name(), ":\n");
    }
    const google::protobuf::Message& message =
        config_.GetReflection()->GetMessage(config_, section);
    std::string origin = "default";
    if (const auto found = origins_.find(field.path); found != origins_.end()) {
      origin = found->second;
    } else if (source_.Has(field.path)) {
      origin = absl::StrCat(source_.file(), ":", source_.Find(field.path).line);
    }
    absl::StrAppend(&text, "  ", field.field->name(), ": ", YamlText(ToText(message, field.field)),
                    "  # ", origin, "\n");
  }
  return text;
}

}  // namespace supervision::config
