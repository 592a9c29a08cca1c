// H2Wire: an HTTP/2 client over a Wire, made of frames by hand (support/h2_frames.h). Every wait is
// bounded as the Wire's are. Threads: one.
#ifndef SLUICE_TESTS_SUPPORT_FLOW_H2_WIRE_H_
#define SLUICE_TESTS_SUPPORT_FLOW_H2_WIRE_H_

#include <string>
#include <string_view>
#include <utility>

#include "tests/support/flow/wire.h"
#include "tests/support/h2_frames.h"

namespace sluice::test {

class H2Wire {
 public:
  explicit H2Wire(Wire wire, std::string_view hello = "hello") : wire_(std::move(wire)) {
    if (!hello.empty()) wire_.Send(h2::Hello());
  }

  bool Send(std::string_view bytes) { return wire_.Send(bytes); }
  // Reads until it holds; false when the connection ended first.
  template <typename Condition>
  [[nodiscard]] bool Until(Condition holds) {
    while (!holds()) {
      const std::string bytes = wire_.ReadSome();
      if (bytes.empty()) return false;
      reader_.Feed(bytes);
    }
    return true;
  }
  // To the end of the stream, whatever it is.
  h2::Answer Await(uint32_t stream) {
    const bool ended =
        Until([&] { return reader_.answers[stream].ended || reader_.answers[stream].reset; });
    (void)ended;
    return reader_.answers[stream];
  }
  h2::Answer Ask(std::string_view frames, uint32_t stream) {
    Send(frames);
    return Await(stream);
  }
  // True when the other side closes in order.
  [[nodiscard]] bool UntilEnd() {
    return !Until([] { return false; }) && wire_.end() == Wire::End::kFin;
  }

  h2::Reader& reader() { return reader_; }
  h2::Answer& answer(uint32_t stream) { return reader_.answers[stream]; }

 private:
  Wire wire_;
  h2::Reader reader_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_H2_WIRE_H_
