#include "services/config/yaml_loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "services/config/field_text.h"
#include "services/config/suggest.h"
#include "services/config/yaml_tree.h"

namespace supervision::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string NameOf(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a section of 'key: value' lines";
  }
  return "";
}

std::vector<std::string> FieldNames(const Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return names;
}

std::string Join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(std::string(path), ".", std::string(name));
}

// Fills messages from nodes. `path` names the field whose value is being read; `at` is where a
// mistake about it is told: the value, or the key when there is no value to point at.
class Filler {
 public:
  Filler(SourceMap* source, Problems* problems) : source_(source), problems_(problems) {}

  void FillMessage(const YamlNode& node, const std::string& path, Message* message) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kMap)
      return Expected("a section of 'key: value' lines", node, path);
    const Descriptor* type = message->GetDescriptor();
    std::map<std::string, Position> seen;
    std::map<const google::protobuf::OneofDescriptor*, std::string> chosen;
    for (const auto& [key, value] : node.entries) {
      if (IsRepeatedKey(key, &seen)) continue;
      const FieldDescriptor* field = type->FindFieldByName(key.scalar);
      if (field == nullptr) {
        problems_->AddAt(source_->file(), key.position,
                         absl::StrCat("unknown key ", Quote(key.scalar), "; ",
                                      Suggest(key.scalar, FieldNames(type))));
        continue;
      }
      const std::string field_path = Join(path, key.scalar);
      source_->Record(field_path,
                      value.kind == YamlNode::Kind::kScalar ? value.position : key.position);
      if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
        const auto [other, first] = chosen.emplace(oneof, key.scalar);
        if (!first) {
          problems_->Add(*source_, field_path,
                         absl::StrCat("only one of '", other->second, "' and '", key.scalar,
                                      "' may stand here; delete the other"));
          continue;
        }
      }
      FillField(value, field, field_path, message);
    }
  }

 private:
  void Expected(std::string_view what, const YamlNode& node, const std::string& path) {
    problems_->Add(*source_, path,
                   absl::StrCat("expected ", std::string(what), ", found ", NameOf(node.kind)));
  }

  bool IsRepeatedKey(const YamlNode& key, std::map<std::string, Position>* seen) {
    const auto [first, is_new] = seen->emplace(key.scalar, key.position);
    if (!is_new) {
      problems_->AddAt(source_->file(), key.position,
                       absl::StrCat("key ", Quote(key.scalar), " stands already in line ",
                                    first->second.line, "; delete one of them"));
    }
    return !is_new;
  }

  void FillField(const YamlNode& node, const FieldDescriptor* field, const std::string& path,
                 Message* message) {
    if (field->is_map()) return FillMap(node, field, path, message);
    if (field->is_repeated()) return FillList(node, field, path, message);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return FillMessage(node, path, message->GetReflection()->MutableMessage(message, field));
    }
    FillScalar(node, field, path, message);
  }

  void FillScalar(const YamlNode& node, const FieldDescriptor* field, const std::string& path,
                  Message* message) {
    if (node.kind == YamlNode::Kind::kNull) {
      problems_->Add(*source_, path, "has no value; write one, or delete the line");
    } else if (node.kind != YamlNode::Kind::kScalar) {
      Expected("a single value", node, path);
    } else if (std::string problem = SetFromText(message, field, node.scalar, node.quoted);
               !problem.empty()) {
      problems_->Add(*source_, path, std::move(problem));
    }
  }

  void FillList(const YamlNode& node, const FieldDescriptor* field, const std::string& path,
                Message* message) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kList) {
      return Expected("a list, each entry after '- '", node, path);
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      const std::string item_path = absl::StrCat(path, "[", i, "]");
      source_->Record(item_path, node.items[i].position);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        FillMessage(node.items[i], item_path, message->GetReflection()->AddMessage(message, field));
      } else {
        FillScalar(node.items[i], field, item_path, message);
      }
    }
  }

  void FillMap(const YamlNode& node, const FieldDescriptor* field, const std::string& path,
               Message* message) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kMap) {
      return Expected("a section of 'key: value' lines", node, path);
    }
    std::map<std::string, Position> seen;
    for (const auto& [key, value] : node.entries) {
      if (IsRepeatedKey(key, &seen)) continue;
      const std::string entry_path = Join(path, key.scalar);
      source_->Record(entry_path,
                      value.kind == YamlNode::Kind::kScalar ? value.position : key.position);
      Message* entry = message->GetReflection()->AddMessage(message, field);
      const Descriptor* type = entry->GetDescriptor();
      if (std::string problem = SetFromText(entry, type->map_key(), key.scalar, key.quoted);
          !problem.empty()) {
        problems_->Add(*source_, entry_path, absl::StrCat("the key is wrong: ", problem));
      }
      FillField(value, type->map_value(), entry_path, entry);
    }
  }

  SourceMap* const source_;
  Problems* const problems_;
};

}  // namespace

bool ReadYaml(std::string_view text, std::string_view file, Message* message, SourceMap* source,
              Problems* problems) {
  SourceMap unused;
  if (source == nullptr) source = &unused;
  source->set_file(file);
  YamlNode root;
  if (!ParseYaml(text, file, &root, problems)) return false;
  source->Record("", {1, 1});
  Filler(source, problems).FillMessage(root, "", message);
  return true;
}

absl::Status LoadYamlText(std::string_view text, std::string_view file_name, Message* message,
                          SourceMap* source) {
  Problems problems;
  ReadYaml(text, file_name, message, source, &problems);
  return problems.ToStatus();
}

absl::Status LoadYamlFile(const std::string& path, Message* message, SourceMap* source) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxYamlBytes);
  if (!text.ok()) return text.status();
  return LoadYamlText(*text, path, message, source);
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : 1;
  while (got > 0 && text.size() <= max_bytes) {
    char buffer[16384];
    got = read(fd, buffer, sizeof(buffer));
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
    if (got < 0 && errno == EINTR) got = 1;
  }
  const int error = errno;
  if (fd >= 0) close(fd);
  if (got < 0) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read (", std::strerror(error),
                                            "); check that it is a file that may be read"));
  }
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is longer than ", max_bytes, " bytes; split it"));
  }
  return text;
}

absl::StatusOr<std::string> ReadFileIfThere(const std::string& path, size_t max_bytes) {
  struct stat about = {};
  if (path.empty() || (stat(path.c_str(), &about) != 0 && errno == ENOENT)) return std::string();
  return ReadFile(path, max_bytes);
}

}  // namespace supervision::config
