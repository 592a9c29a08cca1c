// Stream: a connected, ordered, two-way flow of bytes. A Socket is one; a TLS session over a Socket
// is another; nothing above knows which.
//
// Output: Write() may be called any number of times during a callback; small writes gather in the
// stream and leave in one system call when the callback that caused them returns (Loop). A large
// write goes to the kernel at once, together with what was gathered, and only what the kernel does
// not take is copied. Order is always kept.
//
// Threads: one loop's. Lifetime: destroying a Stream closes it at once (pending output is lost);
// it must not be destroyed from inside one of its own events: use Loop::Retire().
#ifndef SLUICE_PROXY_NET_STREAM_H_
#define SLUICE_PROXY_NET_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/base/bytes.h"

namespace sluice::net {

// kPeerFull: what had arrived is delivered before the end of the connection is told, however long
// the pause. The others: the end is told at once, since nobody is left who could be answered.
enum class PauseReason : uint8_t { kPeerFull = 1, kBacklog = 2, kRequestBody = 4 };

class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  // The bytes are in the loop's read block: good, and free to be overwritten, during the call.
  virtual void OnRead(std::span<char> bytes) = 0;
  // 0: the peer has finished sending (FIN); our direction is still open. Below 0 (net/error.h): the
  // connection is dead in both directions, be it by a read or a write. Comes at most once each,
  // and never from inside a call to the stream.
  virtual void OnReadEnd(int error) = 0;
  // Full() was true, and what waits has fallen below the low mark (a quarter of the high one).
  virtual void OnWritable() = 0;
  // Everything written so far has been handed to the kernel. Raised from the loop, only while
  // NotifyFlushed() is asked for.
  virtual void OnFlushed() = 0;
};

class Stream {
 public:
  virtual ~Stream() = default;

  // Null: nobody listens (bytes read are then an error of the caller's; pause first).
  virtual void SetEvents(StreamEvents* events) = 0;
  virtual void StartReading() = 0;

  virtual void Write(Pieces pieces) = 0;
  virtual void Write(Bytes&& bytes) = 0;
  void Write(std::string_view bytes) { Write(Pieces(&bytes, 1)); }
  // The output queue, to encode into directly; what is appended leaves as if written.
  virtual Bytes& Staging() = 0;
  // One OnFlushed() as soon as everything written so far is with the kernel.
  virtual void NotifyFlushed() = 0;
  // After the last byte written has left, ends our direction (FIN). No Write() may follow.
  virtual void FinishWriting() = 0;
  // Cuts both directions with RST: the peer cannot take what it got for complete.
  virtual void Abort() = 0;

  // A stream is paused while any reason holds. While paused it still notices that the peer left:
  // OnReadEnd(kConnReset) on a reset or hang-up. A FIN is reported only by reading.
  virtual void Pause(PauseReason why) = 0;
  virtual void Resume(PauseReason why) = 0;

  virtual size_t buffered() const = 0;  // written, not yet with the kernel
  virtual bool Full() const = 0;        // buffered() above the high mark, or the budget exhausted
  virtual void SetHighMark(size_t bytes) = 0;
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_STREAM_H_
