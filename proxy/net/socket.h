// Socket: TCP or Unix stream over libuv. See stream.h for the deal; lifetime: the owner holds
// the Socket, libuv holds the core, and the core frees itself in its close callback.
//
// Cost: an idle socket is about 400 bytes of heap and no buffer. On the steady path a message is
// one read(2) and one write(2): no epoll_ctl, no allocation. Pausing is lazy, so that a pause which
// is over before the peer sends again costs nothing.
//
// Errors and data: bytes that arrived before the connection died are delivered before OnReadEnd()
// tells of it, unless the stream is paused for kBacklog: then whoever paused wants to know at once
// that the peer left. A reset or hang-up during a pause is noticed within kWatchAfter.
#ifndef SLUICE_PROXY_NET_SOCKET_H_
#define SLUICE_PROXY_NET_SOCKET_H_

#include <cstdint>
#include <memory>

#include "proxy/base/address.h"
#include "proxy/base/peer.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"

namespace sluice::net {

struct SocketCore;  // what libuv may still touch after the owner has let go
class HangupWatch;

// What an operator may set on a connection.
struct SocketOptions {
  bool nodelay = true;
  Duration keepalive = std::chrono::seconds(60);  // 0: off; whole seconds, for idle and between
};

class Socket final : public Stream {
 public:
  // Takes over a core that has a descriptor, connected or connecting (socket_core.h).
  explicit Socket(SocketCore* core);
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Takes over a connected stream descriptor, TCP or Unix. Null when it is not one.
  static std::unique_ptr<Socket> Adopt(Loop& loop, Fd fd, const SocketOptions& options);
  // Takes the connection off its loop, so that another loop can adopt it. What waits unsent or is
  // paused is lost: for connections that have not been read from.
  static Fd Release(std::unique_ptr<Socket> socket);

  void SetEvents(StreamEvents* events) override;
  void StartReading() override;
  using Stream::Write;
  void Write(Pieces pieces) override;
  void Write(Bytes&& bytes) override;
  Bytes& Staging() override;
  void NotifyFlushed() override;
  void FinishWriting() override;
  void Abort() override;
  void Pause(PauseReason why) override;
  void Resume(PauseReason why) override;
  size_t buffered() const override;
  bool Full() const override;
  void SetHighMark(size_t bytes) override;

  Loop& loop() const { return loop_; }
  // One system call each; an empty Address when the connection is gone.
  Address peer() const;
  Address local() const;
  // Of a Unix socket: who connected, as the kernel vouches for (SO_PEERCRED).
  PeerProcess process() const;

  // From this size on a write goes to the kernel at once instead of gathering.
  static constexpr size_t kAtOnce = 16 * 1024;
  static constexpr uint32_t kHighMark = 64 * 1024;
  // A pause shorter than this watches for nothing: most are, and a watch costs six system calls.
  static constexpr Duration kWatchAfter = std::chrono::milliseconds(200);

 private:
  friend class Loop;
  friend class HangupWatch;
  struct Callbacks;  // libuv's side, socket.cc
  static constexpr uint32_t kNowhere = UINT32_MAX;

  bool CanWrite() const { return core_ != nullptr && error_ == 0; }
  void Close();

  // Reading.
  void OnBytes(char* base, ptrdiff_t count);
  void StopForPause();
  bool DeliverArrived();
  bool MustDeliverFirst() const;
  void OnHangup();

  // Writing.
  void MarkPending();
  void MarkTell();
  void Flush();
  void SendNow(Pieces last);
  void StartWrite();
  void OnWritten(int status);
  void NoteSent(size_t bytes);
  void Fail(int error);
  void RaiseDue();
  void Forget();

  Loop& loop_;
  SocketCore* core_;
  StreamEvents* events_ = nullptr;
  Bytes queue_;                      // behind what is in flight
  WriteRequest* writing_ = nullptr;  // in flight: untouched until its callback
  std::unique_ptr<HangupWatch> watch_;
  size_t flush_left_ = 0;  // bytes still to go before OnFlushed
  const int fd_;           // the core's
  uint32_t high_mark_ = kHighMark;
  uint32_t flush_place_ = kNowhere;
  uint32_t tell_place_ = kNowhere;
  int error_ = 0;  // the connection is dead; told as soon as `told_` allows
  uint8_t pauses_ = 0;
  bool wants_read_ : 1 = false;  // StartReading() was called
  bool reading_ : 1 = false;     // libuv polls for us
  bool streaming_ : 1 = false;   // the last read was full, and nobody paused since
  bool read_ended_ : 1 = false;  // FIN seen
  bool end_untold_ : 1 = false;  // FIN seen while nobody listened
  bool error_told_ : 1 = false;
  bool wants_flushed_ : 1 = false;
  bool finishing_ : 1 = false;
  bool finished_ : 1 = false;          // our FIN is out
  mutable bool was_full_ : 1 = false;  // somebody saw Full() and waits for OnWritable
};

}  // namespace sluice::net

#endif  // SLUICE_PROXY_NET_SOCKET_H_
