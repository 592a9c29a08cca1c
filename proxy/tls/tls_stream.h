// TlsStream: a Stream whose bytes travel encrypted over another Stream. See net/stream.h for the
// deal, which it keeps; here is what TLS adds.
//
// Handshake: begins at once and tells HandshakeEvents how it ended, exactly once, unless the stream
// is destroyed or aborted before. What is written meanwhile waits. It has no deadline of its own.
//
// Ends: close_notify is OnReadEnd(0). A connection that ends without it was cut, by whom nobody can
// say: OnReadEnd(kTruncated). A record that doesn't verify is OnReadEnd(kTlsError), an alert one of
// kTlsAlert and below. FinishWriting() sends close_notify before the FIN. What the peer sends
// behind its close_notify is dropped.
//
// Buffers: OpenSSL reads from the loop's read block and writes into the lower stream's queue
// through a BIO of our own; neither end keeps memory (SSL_MODE_RELEASE_BUFFERS), and an idle stream
// holds no block. Small writes of a callback become one record, as they become one system call.
// Records that arrived but may not be delivered during a pause are kept as they came: one read at
// most, for the lower stream is paused too.
//
// Threads: one loop's. Cost: an idle one is some 14 KiB of heap with all of OpenSSL's and the
// socket below (14.7 kB in TLS 1.3, 13.7 kB in TLS 1.2, measured after 16 KiB each way).
#ifndef SLUICE_PROXY_TLS_TLS_STREAM_H_
#define SLUICE_PROXY_TLS_TLS_STREAM_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"
#include "proxy/tls/handshake.h"
#include "proxy/tls/openssl.h"

namespace sluice::tls {

class ClientContext;
class ServerContext;

// Beside those of net/error.h, for OnReadEnd().
inline constexpr int kTruncated = -ENOLINK;
inline constexpr int kTlsError = -EPROTO;
// An alert of the peer's ended the connection: this minus the alert's number.
inline constexpr int kTlsAlert = -10'000;
// For people, these and those of net/error.h. Lives forever.
std::string_view ErrorText(int error);

class TlsStream final : public net::Stream, private net::StreamEvents, private net::Deferred {
 public:
  // `events` must outlive the handshake; neither call raises anything before it returns. `came` was
  // read of the client before.
  static std::unique_ptr<TlsStream> Accept(net::Loop& loop, std::unique_ptr<net::Stream> lower,
                                           std::shared_ptr<const ServerContext> context,
                                           HandshakeEvents* events, std::string_view came = {});
  // `server_name`: a host name or an address, which the certificate must be for. `session_key`:
  // servers with the same one resume each other's sessions; usually name and address.
  static std::unique_ptr<TlsStream> Connect(net::Loop& loop, std::unique_ptr<net::Stream> lower,
                                            std::shared_ptr<const ClientContext> context,
                                            std::string_view server_name,
                                            std::string_view session_key, HandshakeEvents* events);
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  void SetEvents(net::StreamEvents* events) override;
  void StartReading() override;
  using net::Stream::Write;
  void Write(Pieces pieces) override;
  void Write(Bytes&& bytes) override;
  Bytes& Staging() override;
  void NotifyFlushed() override;
  void FinishWriting() override;
  void Abort() override;
  void Pause(net::PauseReason why) override;
  void Resume(net::PauseReason why) override;
  size_t buffered() const override;
  bool Full() const override;
  void SetHighMark(size_t bytes) override;

  // After OnHandshakeFailed(): the connection below, without events and not to be read before it
  // has some. This stream is of no more use.
  std::unique_ptr<net::Stream> TakeLower();

 private:
  struct Bio;        // OpenSSL's side
  struct Handshake;  // what is needed until it is over

  TlsStream(net::Loop& loop, std::unique_ptr<net::Stream> lower, SslPtr ssl,
            std::shared_ptr<const void> context, HandshakeEvents* events);

  // net::StreamEvents, from below.
  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override;
  void OnFlushed() override;

  void OnDeferred() override;

  // For the BIO. Take: how many bytes there were, at most `most`.
  size_t Take(char* to, size_t most);
  void Put(std::string_view bytes);

  bool Shake();
  void TellDone();
  void TellFailed(int ssl_error);
  void TellFailed(const HandshakeFailure& failure);

  void Pump();
  void Deliver();
  bool MayDeliver() const;
  bool HasUnread() const { return unread_ || !held_.empty(); }
  void KeepRest();
  void SyncPauses();
  void TellLowerEnd();
  void Fail(int error);

  bool CanWrite() const { return !dead_ && !finishing_; }
  void Encrypt(std::string_view record);
  void EncryptPlain();
  void WriteThrough(std::string_view piece);
  void Finish();

  net::Loop& loop_;
  std::unique_ptr<net::Stream> lower_;
  const std::shared_ptr<const void> context_;  // the callbacks of `ssl_` point into it
  SslPtr ssl_;
  std::unique_ptr<Handshake> handshake_;  // null once it is over
  net::StreamEvents* events_ = nullptr;
  Bytes plain_;            // written, not yet encrypted: less than a record once open
  Bytes held_;             // arrived, not yet decrypted
  std::span<char> input_;  // the same, in the loop's read block
  size_t high_mark_;
  uint32_t answered_ = 0;  // bytes OpenSSL wrote by itself since the peer last took all
  int error_ = 0;          // dead of it; told as soon as somebody listens
  int lower_end_ = 0;      // if `lower_ended_`
  uint8_t pauses_ = 0;
  uint8_t lower_pauses_ = 0;
  bool dead_ : 1 = false;    // nothing is read or written any more
  bool broken_ : 1 = false;  // OpenSSL saw a fatal error: no close_notify
  bool wants_read_ : 1 = false;
  bool reading_ : 1 = false;  // inside SSL_read
  bool unread_ : 1 = false;   // OpenSSL may have more, or an end to tell
  bool read_ended_ : 1 = false;
  bool lower_ended_ : 1 = false;
  bool error_told_ : 1 = false;
  bool wants_flushed_ : 1 = false;
  bool finishing_ : 1 = false;
  bool finished_ : 1 = false;
  mutable bool was_full_ : 1 = false;  // for bytes that wait for the handshake
};

}  // namespace sluice::tls

#endif  // SLUICE_PROXY_TLS_TLS_STREAM_H_
