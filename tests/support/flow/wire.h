// Wire: one connection of a flow test, client's or server's side, driven with plain system calls.
// Every call ends: reads and writes wait at most kPatience and then count as a failure of the test.
//
// Message is what a deliberately simple reader of HTTP/1 makes of the bytes; it shares no code with
// the proxy. Threads: one at a time, but for Interrupt().
#ifndef SLUICE_TESTS_SUPPORT_FLOW_WIRE_H_
#define SLUICE_TESTS_SUPPORT_FLOW_WIRE_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/net/fd.h"
#include "tests/support/flow/moment.h"

namespace sluice::test {

struct Message {
  std::string start;  // "GET / HTTP/1.1", "HTTP/1.1 200 OK"; empty: no head came
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string trailers;  // as they came
  bool chunked = false;
  bool complete = false;      // ended as its framing says
  std::vector<int> interims;  // 1xx heads that came before it

  int status() const;          // of a response; 0 without one
  std::string method() const;  // of a request
  std::string target() const;
  bool Has(std::string_view name) const;
  // Of all fields of that name, joined with ", ".
  std::string Value(std::string_view name) const;
};

class Wire {
 public:
  // How the other side ended its direction, as far as this side has read.
  enum class End : uint8_t { kOpen, kFin, kReset, kLate };

  explicit Wire(net::Fd fd);
  // `receive_buffer` bytes in the kernel, 0: as usual; `from` an address of this machine, none: the
  // kernel's choice. A failed connection is a wire at its end.
  static Wire To(const Address& to, int receive_buffer = 0, std::optional<Ip> from = std::nullopt);
  Wire(Wire&& other) noexcept;
  ~Wire() = default;

  // False when the other side is gone.
  bool Send(std::string_view bytes);
  // One write for each byte.
  bool SendByteByByte(std::string_view bytes);
  // Until all is sent, or nothing more is taken for `quiet`; how much was.
  size_t SendUntilStuck(std::string_view bytes, std::chrono::milliseconds quiet);
  void FinishWriting();
  void Close();
  void Reset();  // RST, whatever is queued
  // Another thread: whatever waits on this wire ends.
  void Interrupt();

  // At least one byte, or empty at the end.
  std::string ReadSome();
  std::string ReadExactly(size_t bytes);
  // Up to and with `mark`; what came so far at the end.
  std::string ReadUntil(std::string_view mark);
  // To the end.
  std::string ReadAll();
  // Something has come that was not read, or the end.
  bool HasNews();
  // True when the other side ends without another byte.
  bool EndsHere();
  End end() const { return end_; }

  Message ReadRequest() { return ReadMessage(false, ""); }
  // The final answer to a request with `method`; 1xx heads are noted in `interims`.
  Message ReadResponse(std::string_view method = "GET") { return ReadMessage(true, method); }
  // One head, whatever it is.
  Message ReadHead();

  // Sends and reads the answer.
  Message Ask(std::string_view request, std::string_view method = "GET");
  Message Get(std::string_view path);

 private:
  // As much as the kernel takes without waiting; how much that was.
  size_t SendWhatFits(std::string_view bytes);
  bool Fill();
  bool Ready(short events);
  Message ReadMessage(bool response, std::string_view method);
  void ReadBody(Message& message, bool until_close);
  void ReadChunks(Message& message);

  std::mutex mutex_;  // fd_ against Interrupt()
  net::Fd fd_;
  std::string buffer_;  // read, not yet taken
  End end_ = End::kOpen;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_WIRE_H_
