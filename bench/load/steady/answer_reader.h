// AnswerReader: where the answer to one GET ends. Fed with bytes however the network cuts them.
// Knows Content-Length and nothing else, because the origins of the comparison send nothing else:
// an answer without it, or with a Transfer-Encoding, is broken, and so is a byte after the end of
// the answer.
//
// Cost: the head is copied once; no allocation.
#ifndef SLUICE_BENCH_LOAD_STEADY_ANSWER_READER_H_
#define SLUICE_BENCH_LOAD_STEADY_ANSWER_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::load {

class AnswerReader {
 public:
  enum class State : uint8_t { kMore, kDone, kBroken };

  // REQUIRES: not yet kDone or kBroken.
  State Feed(std::string_view bytes);
  // Ready for the next answer.
  void Reset() {
    head_bytes_ = 0;
    in_body_ = closes_ = false;
  }

  // Once kDone.
  int status() const { return status_; }
  // What of it was fed; until the next Feed() or Reset().
  std::string_view head() const { return {head_.data(), head_bytes_}; }
  // The server will close the connection.
  bool closes() const { return closes_; }

 private:
  bool ReadHead();

  static constexpr size_t kMostHeadBytes = 4096;

  std::array<char, kMostHeadBytes> head_;
  size_t head_bytes_ = 0;
  bool in_body_ = false;
  uint64_t body_left_ = 0;
  int status_ = 0;
  bool closes_ = false;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_STEADY_ANSWER_READER_H_
