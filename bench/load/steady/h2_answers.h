// H2Answers: one HTTP/2 connection of load_steady, which asks one thing after the other. As much of
// the protocol as that takes: an answer is good when its head begins with :status 200 as the static
// table has it (RFC 7541 appendix A), and ends where END_STREAM is. Frames that ask for an
// acknowledgement get it.
//
// Its window is opened wide once, so a connection is good for 2 GiB of answers of up to 64 KiB.
#ifndef SLUICE_BENCH_LOAD_STEADY_H2_ANSWERS_H_
#define SLUICE_BENCH_LOAD_STEADY_H2_ANSWERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bench/load/h2_frames.h"
#include "bench/load/steady/answer_reader.h"

namespace sluice::load {

class H2Answers {
 public:
  using State = AnswerReader::State;

  // The first bytes of the connection.
  static std::string Opening();
  // The next request. REQUIRES: there was none, or its answer is kDone.
  std::string Ask(std::string_view path);
  // kMore with nothing asked, too: a connection has much to say besides.
  State Feed(std::string_view bytes);
  // What is to be sent before anything else; empty nearly always.
  std::string TakeReplies() { return std::exchange(replies_, {}); }

  int status() const { return status_; }
  // The server takes no further request.
  bool closes() const { return closes_; }

 private:
  void Take(const Frame& frame);

  FrameReader frames_;
  std::string replies_;
  uint32_t stream_ = 0;  // asked for last
  int status_ = 0;
  bool done_ = false;
  bool closes_ = false;
  bool broken_ = false;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_STEADY_H2_ANSWERS_H_
