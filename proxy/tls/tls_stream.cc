#include "proxy/tls/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/net/error.h"
#include "proxy/net/socket.h"
#include "proxy/tls/handshake_state.h"

namespace sluice::tls {
namespace {

constexpr size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
// One upcall for what four full records carry; more would leave the processor's cache.
constexpr size_t kDecrypted = 4 * kRecord;
// Records gather below until so much is there for one system call.
constexpr size_t kGather = 4 * kRecord;
// What OpenSSL may answer by itself (key updates, refused renegotiations) to a peer that doesn't
// read the answers. An honest peer asks for one in a while.
constexpr uint32_t kMostAnswers = 16 * 1024;

constexpr net::PauseReason kReasons[] = {net::PauseReason::kPeerFull, net::PauseReason::kBacklog,
                                         net::PauseReason::kRequestBody};
constexpr auto kPeerFull = static_cast<uint8_t>(net::PauseReason::kPeerFull);

// Never in use twice at a time: nothing is delivered from inside a delivery.
std::span<char> DecryptedBlock() {
  static thread_local std::unique_ptr<char[]> block(new char[kDecrypted]);
  return {block.get(), kDecrypted};
}

// For records that don't stand in one piece. Not the block above: writes happen during deliveries.
std::span<char> RecordBlock() {
  static thread_local std::unique_ptr<char[]> block(new char[kRecord]);
  return {block.get(), kRecord};
}

// Of what OpenSSL's queue says, which is emptied.
int TakeEnd() {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  ERR_clear_error();
  const int alert = reason - SSL_AD_REASON_OFFSET;
  return alert >= 0 && alert <= UINT8_MAX ? kTlsAlert - alert : kTlsError;
}

}  // namespace

std::string_view ErrorText(int error) {
  if (error == kTruncated) return "cut off: the connection ended without TLS close_notify";
  if (error == kTlsError) return "a TLS record that does not verify";
  if (error > kTlsAlert) return net::ErrorText(error);
  const auto code = ERR_PACK(ERR_LIB_SSL, 0,
                             static_cast<unsigned long>(SSL_AD_REASON_OFFSET + kTlsAlert - error));
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "an unknown TLS alert" : reason;
}

struct TlsStream::Bio {
  static TlsStream& Of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* to, int most) {
    BIO_clear_retry_flags(bio);
    const size_t count = Of(bio).Take(to, static_cast<size_t>(most));
    if (count > 0) return static_cast<int>(count);
    BIO_set_retry_read(bio);
    return -1;
  }

  static int Write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    Of(bio).Put({bytes, static_cast<size_t>(size)});
    return size;
  }

  // Written bytes leave at the end of the loop's callback: there is nothing to flush.
  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* const made =
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "net::Stream");
      SLUICE_CHECK(made != nullptr);
      BIO_meth_set_read(made, Read);
      BIO_meth_set_write(made, Write);
      BIO_meth_set_ctrl(made, Control);
      return made;
    }();
    return method;
  }
};

TlsStream::TlsStream(net::Loop& loop, std::unique_ptr<net::Stream> lower, SslPtr ssl,
                     std::shared_ptr<const void> context, HandshakeEvents* events)
    : loop_(loop),
      lower_(std::move(lower)),
      context_(std::move(context)),
      ssl_(std::move(ssl)),
      handshake_(std::make_unique<Handshake>(events)),
      high_mark_(net::Socket::kHighMark) {
  BIO* const bio = BIO_new(Bio::Method());
  SLUICE_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  lower_->SetEvents(this);
  lower_->StartReading();
}

// OpenSSL strikes the session of a connection without close_notify from its cache; that rule is
// gone since TLS 1.1, and most clients just close.
TlsStream::~TlsStream() {
  if (handshake_ == nullptr && !broken_) {
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  ERR_clear_error();
}

size_t TlsStream::Take(char* to, size_t most) {
  size_t count = 0;
  if (!held_.empty()) {
    const std::string_view front = held_.Front();
    count = std::min(front.size(), most);
    std::memcpy(to, front.data(), count);
    held_.RemovePrefix(count);
  } else if (!input_.empty()) {
    count = std::min(input_.size(), most);
    std::memcpy(to, input_.data(), count);
    input_ = input_.subspan(count);
  }
  if (handshake_ != nullptr && handshake_->first_size < Handshake::kSniffed) {
    const size_t sniffed = std::min(count, Handshake::kSniffed - handshake_->first_size);
    std::memcpy(handshake_->first.data() + handshake_->first_size, to, sniffed);
    handshake_->first_size += sniffed;
  }
  return count;
}

void TlsStream::Put(std::string_view bytes) {
  if (lower_ == nullptr || finished_) return;
  const size_t waiting = lower_->buffered();
  if (reading_) {
    answered_ = (waiting == 0 ? 0 : answered_) + static_cast<uint32_t>(bytes.size());
    if (answered_ > kMostAnswers) return Fail(kTlsError);
  }
  if (waiting + bytes.size() < kGather) {
    lower_->Staging().Append(bytes);
  } else {
    lower_->Write(bytes);
  }
}

// Reading.

void TlsStream::SetEvents(net::StreamEvents* events) {
  events_ = events;
  if (error_ != 0 && !error_told_) loop_.Defer(*this);
}

void TlsStream::StartReading() {
  wants_read_ = true;
  if (HasUnread()) loop_.Defer(*this);
  if (!dead_) SyncPauses();
}

bool TlsStream::MayDeliver() const {
  return !dead_ && !read_ended_ && handshake_ == nullptr && wants_read_ && pauses_ == 0;
}

void TlsStream::OnRead(std::span<char> bytes) {
  if (dead_ || read_ended_) return;
  if (held_.empty()) {
    input_ = bytes;
  } else {
    held_.Append({bytes.data(), bytes.size()});
  }
  Pump();
  KeepRest();
}

void TlsStream::KeepRest() {
  const std::span<char> rest = std::exchange(input_, {});
  if (!dead_ && !read_ended_) held_.Append({rest.data(), rest.size()});
}

void TlsStream::Pump() {
  if (handshake_ != nullptr && !Shake()) return;
  Deliver();
}

void TlsStream::Deliver() {
  unread_ = true;
  while (MayDeliver()) {
    const std::span<char> block = DecryptedBlock();
    size_t filled = 0;
    int error = SSL_ERROR_NONE;
    reading_ = true;
    while (error == SSL_ERROR_NONE && block.size() - filled >= kRecord && !dead_) {
      ERR_clear_error();
      size_t count = 0;
      const int result =
          SSL_read_ex(ssl_.get(), block.data() + filled, block.size() - filled, &count);
      filled += count;
      if (result != 1) error = SSL_get_error(ssl_.get(), result);
    }
    reading_ = false;
    if (error == SSL_ERROR_WANT_READ) unread_ = false;
    if (filled > 0) {
      SLUICE_DCHECK(events_ != nullptr);
      if (events_ == nullptr) return Fail(net::kConnAborted);  // bytes would be lost
      events_->OnRead(block.first(filled));
    }
    if (error == SSL_ERROR_NONE) continue;
    // Told again by OpenSSL once the pause is over.
    if (error == SSL_ERROR_WANT_READ || !MayDeliver()) return;
    unread_ = false;
    if (error != SSL_ERROR_ZERO_RETURN) {
      broken_ = true;
      return Fail(TakeEnd());
    }
    read_ended_ = true;
    held_.Clear();
    if (events_ != nullptr) events_->OnReadEnd(0);
    return;
  }
}

// Told at the end of the callback, never from inside the call that met it.
void TlsStream::Fail(int error) {
  if (error_ != 0 || dead_) return;
  error_ = error;
  dead_ = true;
  plain_.Clear();
  held_.Clear();
  loop_.Defer(*this);
}

void TlsStream::OnReadEnd(int error) {
  if (dead_) return;
  if (handshake_ != nullptr) {
    HandshakeFailure failure;
    failure.error = HandshakeError::kLeft;
    failure.stream_error = error;
    failure.reason =
        error == 0 ? "the peer left during the handshake" : std::string(net::ErrorText(error));
    return TellFailed(failure);
  }
  lower_ended_ = true;
  lower_end_ = error;
  // The same order as below: who waits for a slow other side gets all that arrived, and then the
  // end; who waits for anything else wants to know at once that the peer is dead.
  const bool deliver_first = pauses_ == kPeerFull || error == 0 || !wants_read_;
  if (HasUnread() && !MayDeliver() && deliver_first) return;
  TellLowerEnd();
}

void TlsStream::TellLowerEnd() {
  if (lower_end_ == 0 && read_ended_) return;
  Fail(lower_end_ == 0 ? kTruncated : lower_end_);
}

void TlsStream::Pause(net::PauseReason why) {
  pauses_ |= static_cast<uint8_t>(why);
  if (!dead_) SyncPauses();
}

void TlsStream::Resume(net::PauseReason why) {
  pauses_ &= static_cast<uint8_t>(~static_cast<uint8_t>(why));
  if (dead_) return;
  if (pauses_ == 0 && HasUnread()) loop_.Defer(*this);
  SyncPauses();
}

// The stream below is paused for the same reasons, but goes on only when all it gave is delivered,
// and not during the handshake, which has no reader.
void TlsStream::SyncPauses() {
  uint8_t wanted = 0;
  if (handshake_ == nullptr) {
    wanted = static_cast<uint8_t>(pauses_ | (wants_read_ ? 0 : kPeerFull));
    if (HasUnread()) wanted |= lower_pauses_;
  }
  for (const net::PauseReason reason : kReasons) {
    const auto bit = static_cast<uint8_t>(reason);
    if ((wanted & ~lower_pauses_ & bit) != 0) lower_->Pause(reason);
    if ((~wanted & lower_pauses_ & bit) != 0) lower_->Resume(reason);
  }
  lower_pauses_ = wanted;
}

// Writing.

void TlsStream::Write(Pieces pieces) {
  SLUICE_DCHECK(!finishing_);
  if (!CanWrite()) return;
  size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  const bool now = handshake_ == nullptr && plain_.size() + bytes >= kRecord;
  for (const std::string_view piece : pieces) {
    if (now) {
      WriteThrough(piece);
    } else {
      plain_.Append(piece);
    }
  }
  if (!plain_.empty() && handshake_ == nullptr) loop_.Defer(*this);
}

void TlsStream::Write(Bytes&& bytes) {
  SLUICE_DCHECK(!finishing_);
  if (!CanWrite()) return bytes.Clear();
  plain_.Append(std::move(bytes));
  if (handshake_ != nullptr) return;
  if (plain_.size() >= kRecord) return EncryptPlain();
  loop_.Defer(*this);
}

Bytes& TlsStream::Staging() {
  if (!dead_) loop_.Defer(*this);
  return plain_;
}

// Full records straight from the caller's memory; only what opens or ends the run is copied.
void TlsStream::WriteThrough(std::string_view piece) {
  if (!plain_.empty()) {
    const size_t room = plain_.size() < kRecord ? kRecord - plain_.size() : 0;
    const size_t count = std::min(room, piece.size());
    plain_.Append(piece.substr(0, count));
    piece.remove_prefix(count);
    if (plain_.size() >= kRecord) EncryptPlain();
  }
  for (; piece.size() >= kRecord; piece.remove_prefix(kRecord)) {
    Encrypt(piece.substr(0, kRecord));
  }
  if (!dead_) plain_.Append(piece);
}

// REQUIRES: at most a record.
void TlsStream::Encrypt(std::string_view record) {
  if (dead_) return;
  ERR_clear_error();
  size_t written = 0;
  if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &written) == 1) {
    SLUICE_CHECK(written == record.size());
    return;
  }
  // The BIO takes everything, so this is no want of room.
  ERR_clear_error();
  broken_ = true;
  Fail(kTlsError);
}

void TlsStream::EncryptPlain() {
  while (!plain_.empty() && !dead_) {
    const size_t size = std::min(plain_.size(), kRecord);
    std::string_view record = plain_.Front().substr(0, size);
    if (record.size() < size) {
      // A copy of 16 KiB costs less than the second record that the seam would make.
      const std::span<char> block = RecordBlock();
      size_t filled = 0;
      plain_.ForEach([&](std::string_view piece) {
        const size_t count = std::min(piece.size(), size - filled);
        std::memcpy(block.data() + filled, piece.data(), count);
        filled += count;
      });
      record = {block.data(), size};
    }
    Encrypt(record);
    if (!dead_) plain_.RemovePrefix(size);
  }
}

void TlsStream::NotifyFlushed() {
  wants_flushed_ = true;
  if (!dead_) loop_.Defer(*this);
}

void TlsStream::FinishWriting() {
  finishing_ = true;
  if (!dead_) loop_.Defer(*this);
}

void TlsStream::Finish() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  finished_ = true;
  lower_->FinishWriting();
}

void TlsStream::Abort() {
  if (lower_ != nullptr) lower_->Abort();
  dead_ = true;
  handshake_ = nullptr;
  SSL_set_msg_callback(ssl_.get(), nullptr);
  plain_.Clear();
  held_.Clear();
  CancelDeferred();
}

void TlsStream::OnDeferred() {
  if (error_ != 0) {
    if (error_told_ || events_ == nullptr) return;
    error_told_ = true;
    return events_->OnReadEnd(error_);
  }
  if (dead_) return plain_.Clear();
  if (handshake_ != nullptr) {
    // A client begins; a server may have been given what came before it was there.
    if (!handshake_->server || !held_.empty()) Pump();
    return;
  }
  EncryptPlain();
  if (dead_) return;
  if (finishing_ && !finished_) Finish();
  if (wants_flushed_) {
    wants_flushed_ = false;
    lower_->NotifyFlushed();
  }
  // Else the stream below tells when there is room.
  const bool was_full = was_full_;
  was_full_ = false;
  if (was_full && !Full() && events_ != nullptr) events_->OnWritable();
  if (HasUnread() && MayDeliver()) {
    Deliver();
    if (dead_) return;
    if (!HasUnread() && lower_ended_) TellLowerEnd();
  }
  if (!dead_) SyncPauses();
}

void TlsStream::OnWritable() {
  if (!dead_ && events_ != nullptr) events_->OnWritable();
}

void TlsStream::OnFlushed() {
  if (!dead_ && events_ != nullptr) events_->OnFlushed();
}

size_t TlsStream::buffered() const {
  return plain_.size() + (lower_ == nullptr ? 0 : lower_->buffered());
}

bool TlsStream::Full() const {
  if (lower_ == nullptr) return false;
  if (plain_.size() >= high_mark_) was_full_ = true;
  return lower_->Full() || plain_.size() >= high_mark_;
}

void TlsStream::SetHighMark(size_t bytes) {
  high_mark_ = bytes;
  if (lower_ != nullptr) lower_->SetHighMark(bytes);
}

}  // namespace sluice::tls
