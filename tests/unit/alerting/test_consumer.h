#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "services/alerting/consumers.h"
#include "tests/unit/alerting/test_stream.h"

namespace supervision::alerting {

// "caption FIRST THROUGH SINGLES GAP", SINGLES as "-" or "4,6", GAP as "-" or the reason.
class TestCaptionEncoder final : public CaptionEncoder {
 public:
  SharedBytes EncodeCaption(const Caption& caption) const override {
    std::string singles = "-";
    if (caption.kept.has_value() && !caption.kept->singles.empty()) {
      singles.clear();
      for (const uint64_t number : caption.kept->singles) absl::StrAppend(&singles, number, ",");
    }
    const std::string gap =
        caption.gap.has_value() ? std::string(domain::Row(caption.gap->reason).name) : "-";
    return std::make_shared<const std::string>(
        absl::StrCat("caption ", caption.first_delivery, " ",
                     caption.kept.has_value() ? caption.kept->through : 0, " ", singles, " ", gap));
  }
};

// A client of a subscription, on the test's thread: takes each message at once unless it is told
// not to, and checks what a stream owes its carrier.
class TestConsumer final : public StreamSink {
 public:
  struct Delivered {
    uint64_t number = 0;
    std::string text;  // "ID VERSION full"
  };

  void Open(Consumers* consumers, Consumers::Request request) {
    connection_ = consumers->Open(std::move(request), this);
  }

  void Write(std::vector<SharedBytes> pieces) override {
    EXPECT_FALSE(outstanding_) << "a second write before the first was taken";
    EXPECT_FALSE(finished_.has_value()) << "a write behind Finish";
    outstanding_ = true;
    std::vector<std::string> updates;
    uint64_t first = 0;
    for (const std::string& line : LinesOf(pieces)) {
      const std::vector<std::string> words = absl::StrSplit(line, absl::MaxSplits(' ', 1));
      if (words[0] == "caption") {
        first = TakeCaption(words[1]);
      } else if (words[0] == "cursor") {
        ++messages_;
      } else if (words[0] == "notice") {
        notices_.push_back(words[1]);
      } else if (words[0] == "ending") {
        ending_ = true;
      } else {
        updates.push_back(words[0] == "alert" ? words[1] : line);
      }
    }
    EXPECT_EQ(first == 0, updates.empty()) << "alerts have numbers";
    for (size_t i = 0; i < updates.size(); ++i) delivered_.push_back({first + i, updates[i]});
    if (!stalls_) Take();
  }
  void Finish(absl::Status status) override {
    EXPECT_FALSE(finished_.has_value()) << "a second Finish";
    finished_ = std::move(status);
  }

  void Take() {
    if (!std::exchange(outstanding_, false)) return;
    connection_->OnWritten(true);
  }
  void Stall(bool stalls) {
    stalls_ = stalls;
    if (!stalls) Take();
  }
  Connection* operator->() { return connection_.get(); }
  void Ack(uint64_t through) { connection_->Acknowledge(through, {}); }
  void AckOnly(std::vector<uint64_t> singles) { connection_->Acknowledge(0, singles); }

  const std::vector<Delivered>& delivered() const { return delivered_; }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Delivered& one : delivered_) texts.push_back(one.text);
    return texts;
  }
  uint64_t kept_through() const { return kept_through_; }
  const std::vector<uint64_t>& kept_singles() const { return kept_singles_; }
  const std::string& gap() const { return gap_; }
  bool ending() const { return ending_; }
  const std::vector<std::string>& notices() const { return notices_; }
  int messages() const { return messages_; }
  const std::optional<absl::Status>& finished() const { return finished_; }

 private:
  // The number of the first delivery.
  uint64_t TakeCaption(const std::string& text) {
    const std::vector<std::string> words = absl::StrSplit(absl::string_view(text), ' ');
    kept_through_ = std::max<uint64_t>(kept_through_, std::strtoull(words[1].c_str(), nullptr, 10));
    if (words[2] != "-") {
      for (const absl::string_view number : absl::StrSplit(words[2], ',', absl::SkipEmpty())) {
        kept_singles_.push_back(std::strtoull(std::string(number).c_str(), nullptr, 10));
      }
    }
    if (words[3] != "-") gap_ = words[3];
    return std::strtoull(words[0].c_str(), nullptr, 10);
  }

  std::shared_ptr<Connection> connection_;
  bool outstanding_ = false;
  bool stalls_ = false;
  bool ending_ = false;
  int messages_ = 0;
  uint64_t kept_through_ = 0;
  std::vector<uint64_t> kept_singles_;
  std::string gap_;
  std::vector<std::string> notices_;
  std::vector<Delivered> delivered_;
  std::optional<absl::Status> finished_;
};

}  // namespace supervision::alerting
