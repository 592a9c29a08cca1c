#include "bench/load/steady/answer_reader.h"

#include <algorithm>

#include "bench/load/http_head.h"
#include "proxy/base/text.h"

namespace sluice::load {

AnswerReader::State AnswerReader::Feed(std::string_view bytes) {
  while (!in_body_) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const size_t before = head_bytes_;
    const size_t taken = std::min(bytes.size(), head_.size() - before);
    std::copy_n(bytes.data(), taken, head_.data() + before);
    head_bytes_ += taken;
    const size_t seen = before - std::min(before, kEnd.size() - 1);
    const size_t end = std::string_view(head_.data(), head_bytes_).find(kEnd, seen);
    if (end == std::string_view::npos) {
      return head_bytes_ == head_.size() ? State::kBroken : State::kMore;
    }
    bytes.remove_prefix(end + kEnd.size() - before);
    head_bytes_ = end + kEnd.size();
    if (!ReadHead()) return State::kBroken;
    if (status_ < 200) head_bytes_ = 0;  // an interim answer: the real one follows
  }
  if (bytes.size() > body_left_) return State::kBroken;
  body_left_ -= bytes.size();
  return body_left_ == 0 ? State::kDone : State::kMore;
}

bool AnswerReader::ReadHead() {
  const std::string_view head(head_.data(), head_bytes_);
  status_ = StatusOf(head);
  if (status_ < 100 || status_ == 101) return false;
  if (status_ < 200) return true;
  in_body_ = true;
  closes_ = EqualsIgnoreCase(FieldOf(head, "Connection"), "close");
  if (status_ == 204 || status_ == 304) return true;
  const auto length = ParseDecimal(FieldOf(head, "Content-Length"));
  body_left_ = length.value_or(0);
  return length.has_value() && FieldOf(head, "Transfer-Encoding").empty();
}

}  // namespace sluice::load
