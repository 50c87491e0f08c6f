#include "services/config/yaml_tree.h"

#include <exception>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "services/base/utf8.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/yaml.h"

namespace supervision::config {
namespace {

Position ToPosition(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Thrown through yaml-cpp, which has no other way to be stopped, and caught in ParseYaml.
struct Refused {
  Position position;
  std::string text;
};

// Builds the tree as the parser walks the file; nodes that are still open lie on a stack.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, YamlNode* root) : text_(text), root_(root) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Refused{ToPosition(mark), "a second document begins here; keep one in a file"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, "", anchor);
    Place({YamlNode::Kind::kNull, ToPosition(mark)}, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{ToPosition(mark), "aliases (*name) are not used here; write the value out"};
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Check(mark, tag, anchor);
    if (!base::IsUtf8(value)) {
      throw Refused{ToPosition(mark), "the text is not valid Unicode; correct its escapes"};
    }
    YamlNode node{YamlNode::Kind::kScalar, ToPosition(mark), value};
    node.quoted = tag == "!";
    if (node.quoted && !IsClosed(static_cast<size_t>(mark.pos))) {
      throw Refused{ToPosition(mark), "this quote is never closed; add the closing one"};
    }
    Place(std::move(node), mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Level {
    YamlNode* node;
    bool has_key = false;  // of a map: the entry at its end still waits for its value
  };

  void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      throw Refused{ToPosition(mark), "anchors (&name) are not used here; delete it"};
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{ToPosition(mark), "tags (!name) are not used here; delete it"};
    }
    if (++nodes_ > kMaxYamlNodes) {
      throw Refused{ToPosition(mark),
                    absl::StrCat("the file has more than ", kMaxYamlNodes, " values; split it")};
    }
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    Check(mark, tag, anchor);
    if (open_.size() >= static_cast<size_t>(kMaxYamlDepth)) {
      throw Refused{ToPosition(mark),
                    absl::StrCat("values are nested more than ", kMaxYamlDepth, " deep")};
    }
    open_.push_back({Place({kind, ToPosition(mark)}, mark)});
  }

  // Puts a node where it belongs. Pointers on the stack stay valid: a vector grows only while the
  // nodes in it are closed.
  YamlNode* Place(YamlNode node, const YAML::Mark& mark) {
    if (open_.empty()) {
      *root_ = std::move(node);
      return root_;
    }
    Level& level = open_.back();
    if (level.node->kind == YamlNode::Kind::kList) {
      return &level.node->items.emplace_back(std::move(node));
    }
    if (!level.has_key) {
      if (node.kind != YamlNode::Kind::kScalar) {
        throw Refused{ToPosition(mark), "a key is missing or is no word; write 'key: value'"};
      }
      level.has_key = true;
      level.node->entries.push_back({std::move(node), YamlNode()});
      return &level.node->entries.back().key;
    }
    level.has_key = false;
    level.node->entries.back().value = std::move(node);
    return &level.node->entries.back().value;
  }

  // yaml-cpp takes the end of the file for the end of a quoted text; a quote that was forgotten
  // would swallow the rest unnoticed.
  bool IsClosed(size_t begin) const {
    if (begin >= text_.size()) return true;
    const char quote = text_[begin];
    if (quote != '"' && quote != '\'') return true;  // a block
    for (size_t i = begin + 1; i < text_.size(); ++i) {
      if (quote == '"' && text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        if (quote == '"' || i + 1 == text_.size() || text_[i + 1] != quote) return true;
        ++i;  // '' stands for one quote
      }
    }
    return false;
  }

  const std::string_view text_;
  YamlNode* const root_;
  std::vector<Level> open_;
  size_t nodes_ = 0;
  int documents_ = 0;
};

// yaml-cpp's words for a mistake; they may quote half a character of the file.
std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const size_t length = base::Utf8SequenceLength(text);
    const bool shown = length > 1 || (length == 1 && text[0] >= 0x20 && text[0] != 0x7F);
    printable.append(shown ? text.substr(0, length) : "?");
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return printable;
}

// The place of the byte at `offset`.
Position PositionOf(std::string_view text, size_t offset) {
  Position position{1, 1};
  for (const char c : text.substr(0, offset)) {
    ++position.column;
    if (c == '\n') position = {position.line + 1, 1};
  }
  return position;
}

// What the text must be before yaml-cpp, which guesses encodings, may see it.
bool IsPlainText(std::string_view text, std::string_view file, Problems* problems) {
  if (text.size() > kMaxYamlBytes) {
    problems->AddAt(file, {},
                    absl::StrCat("the file is longer than ", kMaxYamlBytes, " bytes; split it"));
    return false;
  }
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    problems->AddAt(file, PositionOf(text, nul), "the file holds a NUL byte; save it as text");
    return false;
  }
  if (const size_t bad = base::FirstInvalidUtf8(text); bad != std::string_view::npos) {
    problems->AddAt(file, PositionOf(text, bad), "the file is not UTF-8; save it as UTF-8");
    return false;
  }
  return true;
}

}  // namespace

bool ParseYaml(std::string_view text, std::string_view file, YamlNode* root, Problems* problems) {
  *root = YamlNode();
  if (!IsPlainText(text, file, problems)) return false;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(text, root);
    while (parser.HandleNextDocument(builder)) {
    }
    return true;
  } catch (const Refused& refused) {
    problems->AddAt(file, refused.position, refused.text);
  } catch (const YAML::Exception& error) {
    problems->AddAt(file, ToPosition(error.mark),
                    absl::StrCat("this is no YAML: ", Printable(error.msg),
                                 "; check indentation, quotes and brackets"));
  } catch (const std::exception&) {
    problems->AddAt(file, {}, "this is no YAML that can be read");
  }
  *root = YamlNode();
  return false;
}

}  // namespace supervision::config
