#include "bench/load/steady/h2_answers.h"

namespace sluice::load {
namespace {

constexpr uint32_t kMostWindow = 0x7fffffff;
constexpr uint32_t kFirstWindow = 65535;
// A request's stream may not have a greater one.
constexpr uint32_t kMostStream = 0x7fffffff - 2;

// Skips the changes of the table's size, which a block may begin with.
bool SaysOk(std::string_view block) {
  size_t at = 0;
  while (at < block.size() && (block[at] & 0xe0) == 0x20) {
    if ((block[at++] & 0x1f) != 0x1f) continue;
    while (at < block.size() && (block[at++] & 0x80) != 0) {
    }
  }
  return at < block.size() && block[at] == '\x88';
}

}  // namespace

std::string H2Answers::Opening() {
  std::string out(kPreface);
  AppendFrame(out, FrameType::kSettings, 0, 0, {});
  AppendFrame(out, FrameType::kWindow, 0, 0, Number32(kMostWindow - kFirstWindow));
  return out;
}

std::string H2Answers::Ask(std::string_view path) {
  stream_ = stream_ == 0 ? 1 : stream_ + 2;
  done_ = false;
  status_ = 0;
  std::string out;
  AppendFrame(out, FrameType::kHeaders, kEndStream | kEndHeaders, stream_,
              RequestBlock("GET", path));
  return out;
}

H2Answers::State H2Answers::Feed(std::string_view bytes) {
  const bool was_done = done_;
  if (!frames_.Feed(bytes, [this](const Frame& frame) { Take(frame); })) broken_ = true;
  if (broken_) return State::kBroken;
  return done_ && !was_done ? State::kDone : State::kMore;
}

void H2Answers::Take(const Frame& frame) {
  switch (frame.type) {
    case FrameType::kSettings:
    case FrameType::kPing:
      if ((frame.flags & kAck) != 0) return;
      AppendFrame(replies_, frame.type, kAck, 0,
                  frame.type == FrameType::kPing ? frame.payload : std::string_view());
      return;
    case FrameType::kGoAway:
      closes_ = true;
      return;
    case FrameType::kWindow:
      return;
    case FrameType::kHeaders:
    case FrameType::kData:
      break;
    default:
      broken_ = true;
      return;
  }
  if (frame.stream != stream_ || done_) {
    broken_ = true;
    return;
  }
  if (frame.type == FrameType::kHeaders && status_ == 0) {
    status_ = SaysOk(frame.payload) ? 200 : 500;
  }
  done_ = (frame.flags & kEndStream) != 0;
  closes_ = closes_ || stream_ >= kMostStream;
}

}  // namespace sluice::load
