#include "proxy/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/error.h"
#include "proxy/net/hangup_watch.h"
#include "proxy/net/socket_core.h"

namespace sluice::net {
namespace {

// libuv allocates for more than four.
constexpr size_t kRequestPieces = 4;
// Half a MiB of large blocks in one call; the rest waits for the kernel anyway.
constexpr size_t kGatherPieces = 31;
// What a dead connection may still deliver: 16 MiB, more than any receive buffer holds.
constexpr int kLastReads = 256;

iovec Vec(std::string_view piece) { return {const_cast<char*>(piece.data()), piece.size()}; }

// Past libuv, whose uv_try_write() knows no flags. Returns bytes taken, or an error below 0.
ssize_t Send(int fd, std::span<iovec> pieces, int flags) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = pieces.size() == 1
                             ? ::send(fd, pieces[0].iov_base, pieces[0].iov_len, flags)
                             : ::sendmsg(fd, &message, flags);
    if (sent >= 0) return sent;
    if (errno == EAGAIN || errno == ENOBUFS) return 0;
    if (errno != EINTR) return -errno;
  }
}

uv_buf_t Buf(std::string_view piece) {
  return uv_buf_init(const_cast<char*>(piece.data()), static_cast<unsigned>(piece.size()));
}

}  // namespace

SocketCore* NewCore(Loop& loop) {
  auto* const core = new SocketCore{};
  SLUICE_CHECK(uv_tcp_init(loop.uv(), &core->tcp) == 0);
  return core;
}

void CloseCore(SocketCore* core) {
  core->SetOwner(nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&core->tcp),
           [](uv_handle_t* handle) { delete SocketCore::Of(handle); });
}

int DescriptorOf(const SocketCore& core) {
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(&core.tcp), &fd);
  return fd;
}

namespace {

// Behind a short read libuv takes a hang-up for a FIN without reading again. It may be a reset, and
// what was read then half of an answer. EPIPE is a reset behind a FIN.
ptrdiff_t WhatHungUp(const SocketCore& core) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(DescriptorOf(core), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 || error == EPIPE ? UV_EOF : -error;
}

}  // namespace

void ApplyOptions(int fd, const SocketOptions& options) {
  const int nodelay = options.nodelay ? 1 : 0;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
  const auto seconds =
      static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(options.keepalive).count());
  const int keep = seconds > 0 ? 1 : 0;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keep, sizeof keep);
  if (keep == 0) return;
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

struct Socket::Callbacks {
  static void OnAlloc(uv_handle_t* handle, size_t, uv_buf_t* buf) {
    const SocketCore* const core = SocketCore::Of(handle);
    const std::span<char> block = core->loop().read_block();
    // Without room libuv does not read but says ENOBUFS, which is where a pause takes effect.
    const Socket* const owner = core->owner();
    const bool read = owner != nullptr && owner->pauses_ == 0;
    const bool streaming = owner != nullptr && owner->streaming_;
    // One read is what everybody may still have when all buffers are full.
    const size_t size = BufferBudget::Exhausted() ? kLargeBlock
                        : streaming               ? block.size()
                                                  : Loop::kFirstRead;
    *buf = uv_buf_init(block.data(), read ? static_cast<unsigned>(size) : 0);
  }

  static void OnRead(uv_stream_t* stream, ssize_t count, const uv_buf_t* buf) {
    const SocketCore* const core = SocketCore::Of(stream);
    if (core->owner() == nullptr || count == 0) return;  // 0: nothing there after all
    Loop& loop = core->loop();
    const bool guessed = count == UV_EOF && buf->base == nullptr;
    core->owner()->OnBytes(buf->base, guessed ? WhatHungUp(*core) : count);
    loop.EndCallback();
  }

  static void OnWritten(uv_write_t* uv, int status) {
    const SocketCore* const core = SocketCore::Of(uv->handle);
    Loop& loop = core->loop();
    if (core->owner() == nullptr) return loop.GiveRequest(static_cast<WriteRequest*>(uv->data));
    core->owner()->OnWritten(status);
    loop.EndCallback();
  }
};

Socket::Socket(SocketCore* core) : loop_(core->loop()), core_(core), fd_(DescriptorOf(*core)) {
  core->SetOwner(this);
}

Socket::~Socket() { Close(); }

std::unique_ptr<Socket> Socket::Adopt(Loop& loop, Fd fd, const SocketOptions& options) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return nullptr;
  SocketCore* const core = NewCore(loop);
  if (uv_tcp_open(&core->tcp, fd.get()) != 0) {
    CloseCore(core);
    return nullptr;
  }
  if (domain != AF_UNIX) ApplyOptions(fd.get(), options);
  fd.Release();
  return std::make_unique<Socket>(core);
}

// A duplicate, because libuv closes its descriptor and has no way to let go of it.
Fd Socket::Release(std::unique_ptr<Socket> socket) {
  return Fd(socket->core_ == nullptr ? -1 : ::fcntl(socket->fd_, F_DUPFD_CLOEXEC, 0));
}

void Socket::Close() {
  Forget();
  watch_.reset();  // first: its duplicate would keep the connection open
  queue_.Clear();
  writing_ = nullptr;  // comes back to the loop through its callback
  if (core_ != nullptr) CloseCore(std::exchange(core_, nullptr));
}

void Socket::Forget() {
  if (flush_place_ != kNowhere) loop_.to_flush_[flush_place_] = nullptr;
  if (tell_place_ != kNowhere) loop_.to_tell_[tell_place_] = nullptr;
  flush_place_ = tell_place_ = kNowhere;
}

void Socket::MarkPending() {
  if (flush_place_ != kNowhere) return;
  flush_place_ = static_cast<uint32_t>(loop_.to_flush_.size());
  loop_.to_flush_.push_back(this);
}

void Socket::MarkTell() {
  if (tell_place_ != kNowhere) return;
  tell_place_ = static_cast<uint32_t>(loop_.to_tell_.size());
  loop_.to_tell_.push_back(this);
}

void Socket::SetEvents(StreamEvents* events) {
  events_ = events;
  if (end_untold_ || (error_ != 0 && !error_told_)) MarkTell();
}

void Socket::StartReading() {
  wants_read_ = true;
  if (reading_ || read_ended_ || pauses_ != 0 || !CanWrite()) return;
  reading_ = true;
  const int error = uv_read_start(core_->stream(), Callbacks::OnAlloc, Callbacks::OnRead);
  if (error != 0) Fail(error);
}

void Socket::OnBytes(char* base, ptrdiff_t count) {
  if (count == UV_ENOBUFS) return StopForPause();
  if (count > 0) {
    SLUICE_DCHECK(events_ != nullptr);
    if (events_ == nullptr) return Fail(kConnAborted);  // bytes would be lost: no way to go on
    streaming_ = static_cast<size_t>(count) >= Loop::kFirstRead;
    events_->OnRead({base, static_cast<size_t>(count)});
    return;
  }
  reading_ = false;  // libuv has stopped by itself
  if (count != UV_EOF) return Fail(static_cast<int>(count));
  if (error_ != 0) return MarkTell();
  read_ended_ = true;
  if (events_ == nullptr) {
    end_untold_ = true;
    return;
  }
  events_->OnReadEnd(0);
}

void Socket::Pause(PauseReason why) {
  pauses_ |= static_cast<uint8_t>(why);
  streaming_ = false;  // a slow reader is not to be handed more at once
}

void Socket::StopForPause() {
  uv_read_stop(core_->stream());
  reading_ = false;
  if (watch_ == nullptr && error_ == 0) watch_ = std::make_unique<HangupWatch>(*this);
}

void Socket::Resume(PauseReason why) {
  pauses_ &= static_cast<uint8_t>(~static_cast<uint8_t>(why));
  if (pauses_ != 0) return;
  watch_.reset();
  if (error_ != 0) {
    if (!error_told_) MarkTell();
  } else if (wants_read_) {
    StartReading();
  }
}

// A hang-up without an error is a Unix peer that closed. That counts only for who waits to hear of
// it: otherwise its last bytes may still be unread, and reading them ends in an ordinary FIN.
void Socket::OnHangup() {
  watch_.reset();
  if (!CanWrite()) return;
  pollfd state{fd_, 0, 0};
  ::poll(&state, 1, 0);
  if ((state.revents & (POLLHUP | POLLERR)) == 0) return;  // urgent data: not ours to read
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  const bool backlog = (pauses_ & static_cast<uint8_t>(PauseReason::kBacklog)) != 0;
  if (error == 0 && (finished_ || !backlog)) return;
  Fail(error == 0 || error == EPIPE ? kConnReset : -error);
}

// Who paused only because the other side is slow wants the whole of what arrived before the end: a
// server may answer early and reset.
bool Socket::MustDeliverFirst() const {
  int unread = 0;
  return pauses_ == static_cast<uint8_t>(PauseReason::kPeerFull) &&
         ::ioctl(fd_, FIONREAD, &unread) == 0 && unread > 0;
}

// False: bytes are left that a pause holds back. Reads past libuv, which has seen the error and
// might not report what is left.
bool Socket::DeliverArrived() {
  for (int reads = 0; reads < kLastReads; ++reads) {
    if (core_ == nullptr || !wants_read_ || read_ended_ || events_ == nullptr) return true;
    if (pauses_ != 0) return !MustDeliverFirst();
    const std::span<char> block = loop_.read_block();
    const ssize_t count = ::read(fd_, block.data(), block.size());
    if (count <= 0) return true;
    events_->OnRead({block.data(), static_cast<size_t>(count)});
  }
  return true;
}

void Socket::Write(Pieces pieces) {
  SLUICE_DCHECK(!finishing_);
  if (!CanWrite()) return;
  size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  if (bytes == 0) return;
  if (writing_ == nullptr && queue_.size() + bytes >= kAtOnce) return SendNow(pieces);
  for (const std::string_view piece : pieces) queue_.Append(piece);
  if (writing_ == nullptr) MarkPending();
}

void Socket::Write(Bytes&& bytes) {
  SLUICE_DCHECK(!finishing_);
  if (!CanWrite() || bytes.empty()) return bytes.Clear();
  queue_.Append(std::move(bytes));
  if (writing_ != nullptr) return;
  if (queue_.size() >= kAtOnce) return SendNow({});
  MarkPending();
}

Bytes& Socket::Staging() {
  MarkPending();
  return queue_;
}

// Sends the queue and `last` behind it; what the kernel does not take is kept and waited for.
// REQUIRES: nothing is in flight.
void Socket::SendNow(Pieces last) {
  std::array<std::string_view, kGatherPieces> pieces;
  std::array<iovec, kGatherPieces> vecs;
  // The FIN that follows rides on these bytes: a packet less, some 1.5 us on loopback.
  const int flags = MSG_NOSIGNAL | (finishing_ ? MSG_MORE : 0);
  size_t gone = 0;  // of the front of `last`
  for (;;) {
    size_t count = queue_.Gather(pieces);
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) bytes += pieces[i].size();
    const bool all_of_queue = bytes == queue_.size();
    for (size_t i = 0; all_of_queue && i < last.size() && count < pieces.size(); ++i) {
      pieces[count] = last[i].substr(i == 0 ? gone : 0);
      bytes += pieces[count++].size();
    }
    if (bytes == 0) return;
    for (size_t i = 0; i < count; ++i) vecs[i] = Vec(pieces[i]);
    const ssize_t result = Send(fd_, {vecs.data(), count}, flags);
    if (result < 0) return Fail(static_cast<int>(result));
    const auto sent = static_cast<size_t>(result);
    const size_t from_queue = std::min(sent, queue_.size());
    queue_.RemovePrefix(from_queue);
    gone += sent - from_queue;
    while (!last.empty() && gone >= last.front().size()) {
      gone -= last.front().size();
      last = last.subspan(1);
    }
    NoteSent(sent);
    if (sent < bytes) break;
  }
  for (size_t i = 0; i < last.size(); ++i) queue_.Append(last[i].substr(i == 0 ? gone : 0));
  StartWrite();
}

// REQUIRES: the queue has something, and nothing is in flight.
void Socket::StartWrite() {
  writing_ = loop_.TakeRequest();
  writing_->uv.data = writing_;
  writing_->bytes = std::move(queue_);
  std::array<std::string_view, kRequestPieces> pieces;
  std::array<uv_buf_t, kRequestPieces> bufs;
  const size_t count = writing_->bytes.Gather(pieces);
  writing_->sending = 0;
  for (size_t i = 0; i < count; ++i) {
    bufs[i] = Buf(pieces[i]);
    writing_->sending += pieces[i].size();
  }
  const int error = uv_write(&writing_->uv, core_->stream(), bufs.data(),
                             static_cast<unsigned>(count), Callbacks::OnWritten);
  if (error == 0) return;
  loop_.GiveRequest(std::exchange(writing_, nullptr));
  Fail(error);
}

void Socket::OnWritten(int status) {
  WriteRequest* const request = std::exchange(writing_, nullptr);
  if (status == 0 && error_ == 0) {
    NoteSent(request->sending);
    request->bytes.RemovePrefix(request->sending);
    request->bytes.Append(std::move(queue_));
    queue_ = std::move(request->bytes);
  }
  loop_.GiveRequest(request);
  if (status != 0) return Fail(status);
  if (CanWrite() && !queue_.empty()) StartWrite();
  if (finishing_) MarkPending();
}

void Socket::NoteSent(size_t bytes) {
  flush_left_ -= std::min(flush_left_, bytes);
  if (finishing_ || wants_flushed_) MarkPending();
  if (was_full_ || (wants_flushed_ && flush_left_ == 0)) MarkTell();
}

void Socket::NotifyFlushed() {
  wants_flushed_ = true;
  flush_left_ = buffered();
  MarkPending();
}

void Socket::FinishWriting() {
  finishing_ = true;
  MarkPending();
}

// Called by the loop at the end of a callback.
void Socket::Flush() {
  if (!CanWrite()) return queue_.Clear();
  if (writing_ == nullptr && !queue_.empty()) SendNow({});
  if (error_ != 0) return;
  if (finishing_ && !finished_ && buffered() == 0) {
    finished_ = true;
    ::shutdown(fd_, SHUT_WR);
  }
  if (wants_flushed_ && flush_left_ == 0) MarkTell();
}

// Told from the loop, never from inside the call that met it.
void Socket::Fail(int error) {
  if (error_ != 0) return;
  error_ = error;
  queue_.Clear();
  watch_.reset();
  MarkTell();
}

void Socket::RaiseDue() {
  if (core_ == nullptr) return;
  if (error_ != 0) {
    if (error_told_ || !DeliverArrived() || core_ == nullptr || events_ == nullptr) return;
    error_told_ = true;
    if (reading_) uv_read_stop(core_->stream());
    reading_ = false;
    events_->OnReadEnd(error_);
    return;
  }
  if (end_untold_ && events_ != nullptr) {
    end_untold_ = false;
    events_->OnReadEnd(0);
  }
  const bool full =
      buffered() > high_mark_ / 4 || (buffered() > kLargeBlock && BufferBudget::Exhausted());
  if (was_full_ && !full && events_ != nullptr && CanWrite()) {
    was_full_ = false;
    events_->OnWritable();
  }
  if (wants_flushed_ && flush_left_ == 0 && events_ != nullptr && CanWrite()) {
    wants_flushed_ = false;
    events_->OnFlushed();
  }
}

void Socket::Abort() {
  if (core_ == nullptr) return;
  const linger reset{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  watch_.reset();
  Close();
}

size_t Socket::buffered() const {
  return queue_.size() + (writing_ != nullptr ? writing_->bytes.size() : 0);
}

bool Socket::Full() const {
  const bool full =
      buffered() >= high_mark_ || (buffered() > kLargeBlock && BufferBudget::Exhausted());
  if (full) was_full_ = true;
  return full;
}

void Socket::SetHighMark(size_t bytes) {
  high_mark_ = static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
  if (was_full_) MarkTell();
}

Address Socket::peer() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (core_ == nullptr || ::getpeername(fd_, address, &size) != 0) return {};
  return Address::From(address, size);
}

PeerProcess Socket::process() const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (core_ == nullptr || ::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return {};
  }
  return {.uid = credentials.uid, .pid = credentials.pid};
}

Address Socket::local() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (core_ == nullptr || ::getsockname(fd_, address, &size) != 0) return {};
  return Address::From(address, size);
}

}  // namespace sluice::net
