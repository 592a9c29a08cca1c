// HTTP/2 frames by hand, for tests: what a client may send, sound or not, and what came back. The
// writer knows nothing but the literal form of HPACK; the reader leaves decompression to nghttp2.
//
// Threads: any.
#ifndef SLUICE_TESTS_SUPPORT_H2_FRAMES_H_
#define SLUICE_TESTS_SUPPORT_H2_FRAMES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::test::h2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Type : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
  kWindow = 8,
  kContinuation = 9,
};
enum Flag : uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4 };

using FieldList = std::vector<std::pair<std::string, std::string>>;

std::string Number(uint32_t value);  // 32 bits, as frames have them
std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload = "");
std::string Block(const FieldList& fields);
// One HEADERS frame with a whole block.
std::string Headers(uint32_t stream, const FieldList& fields, bool end_stream = true);
std::string Get(uint32_t stream, std::string_view path = "/");
std::string Post(uint32_t stream, FieldList more = {});
std::string Data(uint32_t stream, std::string_view bytes, bool end_stream = false);
// Preface and empty SETTINGS.
std::string Hello();

// What one side said on one stream.
struct Answer {
  int status = 0;
  std::vector<int> interims;
  FieldList fields;
  std::string body;
  FieldList trailers;
  bool ended = false;
  bool reset = false;
  uint32_t error = 0;
  std::string Value(std::string_view name) const;
};

// Everything a server said so far.
class Reader {
 public:
  Reader();
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void Feed(std::string_view bytes);

  std::map<uint32_t, Answer> answers;
  bool goaway = false;
  uint32_t goaway_error = 0;
  uint32_t goaway_last = 0;
  uint32_t settings = 0;  // without acknowledgements
  uint32_t pings = 0;     // acknowledgements of ours
  uint64_t window = 0;    // returned for the connection
  std::map<uint32_t, uint64_t> stream_window;
  std::vector<uint32_t> order;  // streams of DATA frames, as they came
  bool broken = false;          // it could not be read

 private:
  void Take(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);

  struct Inflater;
  Inflater* inflater_;
  std::string buffer_;
  std::string block_;
  bool block_ends_ = false;
};

}  // namespace sluice::test::h2

#endif  // SLUICE_TESTS_SUPPORT_H2_FRAMES_H_
