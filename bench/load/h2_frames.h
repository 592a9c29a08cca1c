// HTTP/2 as far as a load program must write and read it: frames (RFC 9113 section 4) and fields
// without a table (RFC 7541). Deliberately not the proxy's own session: what measures it must not
// share its mistakes, and what attacks it must be able to say what no session would.
//
// Threads: one. Cost: a frame that lies whole in what is fed is not copied.
#ifndef SLUICE_BENCH_LOAD_H2_FRAMES_H_
#define SLUICE_BENCH_LOAD_H2_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::load {

enum class FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindow = 8,
  kContinuation = 9,
  kPriorityUpdate = 16,
};

inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kAck = 1;  // of SETTINGS and PING
inline constexpr uint8_t kEndHeaders = 4;

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// SETTINGS, by their numbers.
inline constexpr uint16_t kInitialWindow = 4;

void AppendNumber32(std::string& out, uint32_t number);
std::string Number32(uint32_t number);
// The number at the begin of `bytes`; 0 when they are too few.
uint32_t ReadNumber32(std::string_view bytes);

void AppendFrame(std::string& out, FrameType type, uint8_t flags, uint32_t stream,
                 std::string_view payload);
// REQUIRES: both shorter than 127 bytes.
void AppendField(std::string& out, std::string_view name, std::string_view value);
void AppendSetting(std::string& payload, uint16_t setting, uint32_t value);

// The block of a request; the same each time, as it leaves the table alone.
std::string RequestBlock(std::string_view method, std::string_view path);

struct Frame {
  FrameType type;
  uint8_t flags;
  uint32_t stream;
  std::string_view payload;
};

// Frames out of bytes, however the network cuts them.
class FrameReader {
 public:
  // Calls `take` with each whole frame. False when one is larger than nobody allowed it to be.
  template <typename Take>
  bool Feed(std::string_view bytes, Take take) {
    if (!kept_.empty()) {
      kept_.append(bytes);
      bytes = kept_;
    }
    Frame frame;
    size_t size;
    while ((size = Cut(bytes, frame)) != 0) {
      take(frame);
      bytes.remove_prefix(size);
    }
    if (bytes.size() >= 9 + kMostPayload) return false;
    kept_ = std::string(bytes);
    return true;
  }
  void Reset() { kept_.clear(); }

 private:
  // What nobody has asked to be more.
  static constexpr size_t kMostPayload = 16 * 1024;

  // The bytes of the frame at the begin of them; 0 when it is not whole.
  static size_t Cut(std::string_view bytes, Frame& frame);

  std::string kept_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_H2_FRAMES_H_
