#include "services/classification/model/format.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <set>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/classification/model/model.h"

namespace supervision::classification {
namespace {

constexpr std::string_view kMagic{"SVMODEL\n", 8};
constexpr uint32_t kFormat = 2;
constexpr uint32_t kWithoutProblems = 1;
constexpr size_t kHeadBytes = 8 + 4 + 8;
constexpr size_t kDigestBytes = 32;
constexpr uint32_t kMostRows = 1U << 22;
constexpr uint32_t kMostProblems = 256;
constexpr float kWidest = 1e6F;

absl::Status Bad(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("model file: ", std::string(what),
                   "; take the shipped model.bin or train one with supervisionctl train"));
}

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));  // the machines we build for are little-endian
    out_.append(bytes, sizeof(T));
  }
  void Text(std::string_view text) {
    Number(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  template <typename T>
  void List(const std::vector<T>& list) {
    out_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T));
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote; once something was missing every answer is empty and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Number() {
    T value{};
    if (Need(sizeof(T))) {
      std::memcpy(&value, rest_.data(), sizeof(T));
      rest_.remove_prefix(sizeof(T));
    }
    return value;
  }
  std::string Text(size_t longest) {
    const uint32_t size = Number<uint32_t>();
    if (size > longest || !Need(size)) {
      ok_ = false;
      return "";
    }
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  template <typename T>
  std::vector<T> List(size_t count) {
    std::vector<T> list;
    if (count > rest_.size() / sizeof(T) || !Need(count * sizeof(T))) {
      ok_ = false;
      return list;
    }
    list.resize(count);
    if (count > 0) {
      std::memcpy(list.data(), rest_.data(), count * sizeof(T));
      rest_.remove_prefix(count * sizeof(T));
    }
    return list;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  bool Need(size_t size) {
    ok_ = ok_ && size <= rest_.size();
    return ok_;
  }

  std::string_view rest_;
  bool ok_ = true;
};

bool AllSound(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) {
    return std::isfinite(value) && std::fabs(value) <= kWidest;
  });
}

bool Positive(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return value > 0; });
}

// The separators of problem models, behind everything else.
absl::Status ReadProblems(Reader* reader, ModelData* data) {
  const uint32_t count = reader->Number<uint32_t>();
  if (count > kMostProblems) return Bad("it has too many problem models");
  for (uint32_t i = 0; i < count; ++i) {
    ProblemSeparator& one = data->problems.emplace_back();
    one.code = reader->Text(Model::kMaxName);
    one.klass = reader->Number<uint32_t>();
    one.step = reader->Number<float>();
    one.bias = reader->Number<float>();
    const uint32_t rows = reader->Number<uint32_t>();
    if (!reader->ok() || one.code.empty() || one.klass >= data->classes.size() ||
        rows > ProblemSeparator::kMostRows) {
      return Bad("a problem model of it has no code, no class or too many features");
    }
    one.rows = reader->List<uint32_t>(rows);
    one.weights = reader->List<int8_t>(rows);
    if (!reader->ok()) return Bad("its tables do not fill its body");
    if (std::adjacent_find(one.rows.begin(), one.rows.end(), std::greater_equal<>()) !=
            one.rows.end() ||
        (!one.rows.empty() && one.rows.back() >= data->keys.size())) {
      return Bad("the features of a problem model are out of order");
    }
    if (!AllSound({one.step, one.bias}) || one.step <= 0)
      return Bad("it holds numbers out of range");
  }
  return absl::OkStatus();
}

absl::StatusOr<ModelData> ReadBody(std::string_view body, uint32_t format) {
  Reader reader(body);
  ModelData data;
  data.version = reader.Text(Model::kMaxName);
  const uint32_t classes = reader.Number<uint32_t>();
  if (!reader.ok() || data.version.empty()) return Bad("it has no version");
  if (classes < 2 || classes > Model::kMaxClasses) return Bad("it has too few or too many classes");
  std::set<std::string> names;
  for (uint32_t i = 0; i < classes; ++i) {
    data.classes.push_back(reader.Text(Model::kMaxName));
    names.insert(data.classes.back());
  }
  if (!reader.ok() || names.size() != classes || names.count("") > 0) {
    return Bad("its classes have no names of their own");
  }
  data.stages = reader.Number<uint8_t>();
  data.review_below = reader.Number<float>();
  data.high_slope = reader.Number<float>();
  data.high_bias = reader.Number<float>();
  const uint32_t rows = reader.Number<uint32_t>();
  if (data.stages > (ModelData::kScopeStage | ModelData::kRiskStage)) {
    return Bad("it has stages that this program does not know");
  }
  if (rows > kMostRows) return Bad("it has too many features");
  data.keys = reader.List<FeatureKey>(rows);
  data.values = reader.List<float>(rows);
  data.weights = reader.List<int8_t>(static_cast<size_t>(rows) * data.margins());
  data.steps = reader.List<float>(data.margins());
  data.biases = reader.List<float>(data.margins());
  data.logits = reader.List<float>(static_cast<size_t>(classes) * data.margins());
  data.logit_biases = reader.List<float>(classes);
  if (format != kWithoutProblems) {
    if (absl::Status problems = ReadProblems(&reader, &data); !problems.ok()) return problems;
  }
  if (!reader.ok() || !reader.at_end()) return Bad("its tables do not fill its body");
  if (std::adjacent_find(data.keys.begin(), data.keys.end(), std::greater_equal<>()) !=
      data.keys.end()) {
    return Bad("its features are out of order");
  }
  if (!AllSound(data.values) || !AllSound(data.steps) || !AllSound(data.biases) ||
      !AllSound(data.logits) || !AllSound(data.logit_biases) || !Positive(data.values) ||
      !Positive(data.steps) || !AllSound({data.high_slope, data.high_bias}) ||
      !(data.review_below >= 0 && data.review_below <= 1)) {
    return Bad("it holds numbers out of range");
  }
  return data;
}

}  // namespace

std::string WriteModel(const ModelData& data) {
  Writer body;
  body.Text(data.version);
  body.Number(static_cast<uint32_t>(data.classes.size()));
  for (const std::string& name : data.classes) {
    body.Text(name);
  }
  body.Number(data.stages);
  body.Number(data.review_below);
  body.Number(data.high_slope);
  body.Number(data.high_bias);
  body.Number(static_cast<uint32_t>(data.keys.size()));
  body.List(data.keys);
  body.List(data.values);
  body.List(data.weights);
  body.List(data.steps);
  body.List(data.biases);
  body.List(data.logits);
  body.List(data.logit_biases);
  body.Number(static_cast<uint32_t>(data.problems.size()));
  for (const ProblemSeparator& one : data.problems) {
    body.Text(one.code);
    body.Number(one.klass);
    body.Number(one.step);
    body.Number(one.bias);
    body.Number(static_cast<uint32_t>(one.rows.size()));
    body.List(one.rows);
    body.List(one.weights);
  }
  const std::string bytes = body.Take();

  Writer head;
  head.Number(kFormat);
  head.Number(static_cast<uint64_t>(bytes.size()));
  std::string file = absl::StrCat(std::string(kMagic), head.Take(), bytes);
  const base::Sha256Digest digest = base::Sha256(file);
  file.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return file;
}

absl::StatusOr<ModelData> ReadModel(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return Bad("this is no model");
  if (bytes.size() < kHeadBytes + kDigestBytes) return Bad("it is cut short");
  Reader head(bytes.substr(kMagic.size()));
  const uint32_t format = head.Number<uint32_t>();
  const uint64_t length = head.Number<uint64_t>();
  if (format < kWithoutProblems || format > kFormat) {
    return Bad(
        absl::StrCat("it has format ", format, ", this program reads formats up to ", kFormat));
  }
  if (length != bytes.size() - kHeadBytes - kDigestBytes) {
    return Bad("its length is not the one it states; it is cut short or longer than it was");
  }
  const std::string_view signed_part = bytes.substr(0, bytes.size() - kDigestBytes);
  const base::Sha256Digest digest = base::Sha256(signed_part);
  if (std::memcmp(digest.data(), bytes.data() + signed_part.size(), kDigestBytes) != 0) {
    return Bad("its checksum is wrong; it was changed or damaged");
  }
  return ReadBody(signed_part.substr(kHeadBytes), format);
}

}  // namespace supervision::classification
