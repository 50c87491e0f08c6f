#include "services/config/field_text.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/config/suggest.h"

namespace supervision::config {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// "DURABILITY_" of enum Durability, "PARTY_KIND_" of PartyKind.
std::string PrefixOf(const EnumDescriptor* type) {
  std::string prefix;
  for (const char c : type->name()) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !prefix.empty()) prefix.push_back('_');
    prefix.push_back(upper || c < 'a' || c > 'z' ? c : static_cast<char>(c - 'a' + 'A'));
  }
  return prefix + "_";
}

std::string_view WithoutPrefix(const EnumValueDescriptor* value) {
  const std::string prefix = PrefixOf(value->type());
  const std::string_view name = value->name();
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

const EnumValueDescriptor* FindEnum(const EnumDescriptor* type, std::string_view text) {
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* value = type->value(i);
    if (WithoutPrefix(value) == "UNSPECIFIED") continue;
    if (text == value->name() || text == WithoutPrefix(value)) return value;
  }
  return nullptr;
}

// The number that `text` is as a whole, or nothing.
template <typename Number>
std::optional<Number> Parse(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

template <typename Number>
std::string NoWholeNumber(bool quoted) {
  return absl::StrCat("expected a whole number from ", std::numeric_limits<Number>::min(), " to ",
                      std::numeric_limits<Number>::max(), quoted ? "; remove the quotes" : "");
}

void Set(Message* message, const FieldDescriptor* field, int32_t value) {
  const Reflection* r = message->GetReflection();
  field->is_repeated() ? r->AddInt32(message, field, value) : r->SetInt32(message, field, value);
}
void Set(Message* message, const FieldDescriptor* field, int64_t value) {
  const Reflection* r = message->GetReflection();
  field->is_repeated() ? r->AddInt64(message, field, value) : r->SetInt64(message, field, value);
}
void Set(Message* message, const FieldDescriptor* field, uint32_t value) {
  const Reflection* r = message->GetReflection();
  field->is_repeated() ? r->AddUInt32(message, field, value) : r->SetUInt32(message, field, value);
}
void Set(Message* message, const FieldDescriptor* field, uint64_t value) {
  const Reflection* r = message->GetReflection();
  field->is_repeated() ? r->AddUInt64(message, field, value) : r->SetUInt64(message, field, value);
}

template <typename Number>
std::string SetWhole(Message* message, const FieldDescriptor* field, std::string_view text,
                     bool quoted) {
  const std::optional<Number> value = quoted ? std::nullopt : Parse<Number>(text);
  if (!value.has_value()) return NoWholeNumber<Number>(quoted);
  Set(message, field, *value);
  return "";
}

std::string SetReal(Message* message, const FieldDescriptor* field, std::string_view text,
                    bool quoted) {
  const std::optional<double> value = quoted ? std::nullopt : Parse<double>(text);
  const bool single = field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
  const double limit =
      single ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  if (!value.has_value() || !(std::abs(*value) <= limit)) {
    return absl::StrCat("expected a number such as 0.75", quoted ? "; remove the quotes" : "");
  }
  const Reflection* r = message->GetReflection();
  if (single) {
    const float narrow = static_cast<float>(*value);
    field->is_repeated() ? r->AddFloat(message, field, narrow)
                         : r->SetFloat(message, field, narrow);
  } else {
    field->is_repeated() ? r->AddDouble(message, field, *value)
                         : r->SetDouble(message, field, *value);
  }
  return "";
}

std::string SetBool(Message* message, const FieldDescriptor* field, std::string_view text,
                    bool quoted) {
  if (quoted || (text != "true" && text != "false")) {
    return absl::StrCat("expected true or false", quoted ? "; remove the quotes" : "");
  }
  const Reflection* r = message->GetReflection();
  field->is_repeated() ? r->AddBool(message, field, text == "true")
                       : r->SetBool(message, field, text == "true");
  return "";
}

std::string SetEnum(Message* message, const FieldDescriptor* field, std::string_view text) {
  const EnumValueDescriptor* value = FindEnum(field->enum_type(), text);
  if (value == nullptr) {
    return absl::StrCat("unknown value ", Quote(text), "; ",
                        Suggest(text, EnumNames(field->enum_type())));
  }
  const Reflection* r = message->GetReflection();
  field->is_repeated() ? r->AddEnum(message, field, value) : r->SetEnum(message, field, value);
  return "";
}

}  // namespace

std::vector<std::string> EnumNames(const EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) {
    const std::string_view name = WithoutPrefix(type->value(i));
    if (name != "UNSPECIFIED") names.emplace_back(name);
  }
  return names;
}

std::string SetFromText(Message* message, const FieldDescriptor* field, std::string_view text,
                        bool quoted) {
  const Reflection* r = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return SetWhole<int32_t>(message, field, text, quoted);
    case FieldDescriptor::CPPTYPE_INT64:
      return SetWhole<int64_t>(message, field, text, quoted);
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetWhole<uint32_t>(message, field, text, quoted);
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetWhole<uint64_t>(message, field, text, quoted);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return SetReal(message, field, text, quoted);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(message, field, text, quoted);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, text);
    case FieldDescriptor::CPPTYPE_STRING:
      field->is_repeated() ? r->AddString(message, field, std::string(text))
                           : r->SetString(message, field, std::string(text));
      return "";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "expected a section of 'key: value' lines";
}

std::string ToText(const Message& message, const FieldDescriptor* field) {
  const Reflection* r = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(r->GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(r->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(r->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(r->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(r->GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(r->GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return r->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::string(WithoutPrefix(r->GetEnum(message, field)));
    case FieldDescriptor::CPPTYPE_STRING:
      return r->GetString(message, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

}  // namespace supervision::config
