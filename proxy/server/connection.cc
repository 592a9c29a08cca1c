#include "proxy/server/connection.h"

#include <array>
#include <new>
#include <string>
#include <utility>

#include "proxy/base/check.h"

namespace sluice::server {
namespace {

// Requests that came before their turn. Beyond, the socket is paused and the kernel holds the rest.
constexpr size_t kBacklogBytes = 16 * 1024;
// After an answer that did not wait for its request's body: how much of it is read and thrown away
// to keep the connection, and for how long.
constexpr size_t kDiscardBytes = 256 * 1024;
constexpr Duration kDiscardTime = std::chrono::seconds(5);
// How long a closed direction waits for the client to read the answer and close in turn. Without it
// the kernel would reset, and a reset can overtake the answer.
constexpr Duration kLingerTime = std::chrono::seconds(2);
// While draining, an idle connection stays this long: a request already on its way is answered.
constexpr Duration kDrainLinger = std::chrono::milliseconds(500);
constexpr Duration kRateSpell = std::chrono::seconds(1);

using http::Framing;

}  // namespace

Connection::Request::Request(Arena& arena, const conf::Listener& listener, uint8_t skipped)
    : head(arena),
      decoder({.head_bytes = static_cast<uint32_t>(listener.max_head),
               .fields = listener.max_fields,
               .target_bytes = static_cast<uint32_t>(listener.max_target)},
              skipped),
      rate(listener.min_body_rate, listener.min_body_rate_grace) {}

Connection::Connection(net::Loop& loop, Service& service, ConnectionOwner& owner, Arrival arrival)
    : loop_(loop),
      service_(service),
      owner_(owner),
      listener_(std::move(arrival.listener)),
      stream_(std::move(arrival.stream)),
      peer_(arrival.peer),
      tls_(std::move(arrival.tls)),
      permit_(std::move(arrival.permit)) {}

Connection::~Connection() {
  if (exchange_ != nullptr) exchange_->~DownstreamEvents();
}

void Connection::Start(std::span<char> came) {
  stream_->SetEvents(this);
  AwaitHead();
  stream_->StartReading();
  Process(came);
}

void Connection::Drain() {
  if (phase_ == Phase::kHead && exchange_ == nullptr && HeadNotBegun()) AwaitHead();
}

void Connection::Cut() {
  if (exchange_ == nullptr) {
    if (phase_ != Phase::kClosed) Close();
    return;
  }
  if (answer_ended_ && stream_->buffered() > 0) {
    reset_ = true;
    stream_->Abort();  // a FIN here could pass for the end of the answer
  } else if (!answer_ended_) {
    FailRequest(Cause::kShutdown, "cut at the end of shutdown_timeout");
    if (!answer_ended_) Reset();
  }
  reset_ = reset_ || stream_->buffered() > 0;
  FinishAnswer();
}

// Reading.

void Connection::OnRead(std::span<char> bytes) { Process(bytes); }

void Connection::Process(std::span<char> bytes) {
  while (!bytes.empty()) {
    size_t used = 0;
    switch (phase_) {
      case Phase::kHead:
        used = ReadHead(bytes);
        break;
      case Phase::kBody:
        used = ReadBody(bytes);
        break;
      case Phase::kTunnel:
        used = bytes.size();
        DeliverTunnel({bytes.data(), bytes.size()});
        break;
      case Phase::kDiscard:
        used = Discard(bytes);
        break;
      case Phase::kAnswer:
        KeepForLater(bytes);
        return;
      case Phase::kLinger:
      case Phase::kClosed:
        return;
    }
    if (used == 0) return;
    bytes = bytes.subspan(used);
  }
}

size_t Connection::ReadHead(std::span<char> bytes) {
  static_assert(std::is_trivially_destructible_v<Request>);
  if (request_ == nullptr) {
    request_ = new (arena_.Allocate(sizeof(Request))) Request(arena_, *listener_, skipped_);
  }
  const http::HeadResult got =
      request_->decoder.FeedHead({bytes.data(), bytes.size()}, arena_, request_->head);
  switch (got.state) {
    case http::HeadResult::State::kNeedMore:
      if (HeadNotBegun()) {
        skipped_ = request_->decoder.skipped();
        request_ = nullptr;
        arena_.Clear();
      } else if (!first_byte_) {
        first_byte_ = true;
        loop_.Arm(deadline_, listener_->head_timeout);
      }
      return got.consumed;
    case http::HeadResult::State::kRefused:
      if (got.preface && requests_ == 0) {
        BeginHttp2({bytes.data() + got.consumed, bytes.size() - got.consumed});
        return 0;
      }
      OpenExchange(&got.refusal);
      return 0;
    case http::HeadResult::State::kComplete:
      OpenExchange(nullptr);
      return got.consumed;
  }
  return 0;
}

void Connection::BeginHttp2(std::string_view behind_head) {
  phase_ = Phase::kClosed;
  deadline_.Cancel();
  std::string came(http::kPrefaceHead);
  came += behind_head;
  owner_.BeginHttp2({.listener = listener_,
                     .stream = std::move(stream_),
                     .peer = peer_,
                     .tls = std::move(tls_),
                     .permit = *std::move(permit_)},
                    came);
  owner_.Release(*this);
}

void Connection::OpenExchange(const http::Refusal* refusal) {
  ++requests_;
  close_after_ = refused_ = refusal != nullptr;
  phase_ =
      refusal == nullptr && http::HasBody(request_->head.framing) ? Phase::kBody : Phase::kAnswer;
  loop_.Arm(deadline_, kRateSpell);
  exchange_ = service_.Open({.arena = arena_,
                             .downstream = *this,
                             .head = request_->head,
                             .peer = peer_,
                             .listener = *listener_,
                             .refusal = refusal});
}

size_t Connection::ReadBody(std::span<char> bytes) {
  const http::BodyResult got = request_->decoder.FeedBody(bytes, arena_);
  request_->moved += got.data.size();
  if (!got.data.empty() && !answer_ended_) {
    request_->unconsumed += got.data.size();
    exchange_->OnRequestBody(got.data);
    // What the exchange did not say Consumed() for has no room: stop reading until it does.
    if (request_->unconsumed > 0 && !answer_ended_) stream_->Pause(net::PauseReason::kRequestBody);
  }
  if (got.refused) {
    if (!answer_ended_) FailRequest(Cause::kMalformed, got.why);
    close_after_ = true;
    return 0;
  }
  if (got.end) {
    phase_ = Phase::kAnswer;
    if (!answer_ended_) exchange_->OnRequestEnd(request_->decoder.trailers());
  }
  return got.consumed;
}

void Connection::DeliverTunnel(std::string_view bytes) {
  if (answer_ended_) return;
  request_->unconsumed += bytes.size();
  exchange_->OnRequestBody(bytes);
  if (request_->unconsumed > 0) stream_->Pause(net::PauseReason::kRequestBody);
}

void Connection::EndTunnelInput() {
  if (tunnel_input_ended_ || answer_ended_) return;
  tunnel_input_ended_ = true;
  exchange_->OnRequestEnd(nullptr);
}

void Connection::KeepForLater(std::span<char> bytes) {
  backlog_.Append(std::string_view(bytes.data(), bytes.size()));
  if (backlog_.size() >= kBacklogBytes) stream_->Pause(net::PauseReason::kBacklog);
}

void Connection::ProcessBacklog() {
  while (!backlog_.empty() && phase_ != Phase::kAnswer && phase_ != Phase::kClosed) {
    const std::string_view front = backlog_.Front();
    // Our own memory: the decoder may squeeze chunk framing out of it in place.
    const std::span<char> bytes(const_cast<char*>(front.data()), front.size());
    size_t used = 0;
    if (phase_ == Phase::kHead) {
      used = ReadHead(bytes);
    } else if (phase_ == Phase::kBody) {
      used = ReadBody(bytes);
    } else {
      used = bytes.size();
      if (phase_ == Phase::kTunnel) DeliverTunnel(front);
    }
    if (used == 0) break;
    backlog_.RemovePrefix(used);
  }
  if (backlog_.size() < kBacklogBytes) stream_->Resume(net::PauseReason::kBacklog);
}

size_t Connection::Discard(std::span<char> bytes) {
  const http::BodyResult got = request_->decoder.FeedBody(bytes, arena_);
  request_->moved += got.consumed;
  if (got.refused || request_->moved > kDiscardBytes) {
    Linger();
    return 0;
  }
  if (got.end) NextRequest();
  return got.consumed;
}

void Connection::OnReadEnd(int error) {
  if (phase_ == Phase::kClosed) return;
  client_finished_ = true;
  if (error == 0 || exchange_ == nullptr) return EndInput();
  if (!answer_ended_) {
    FailRequest(Cause::kReset, "the client's connection was reset");
    if (!answer_ended_) Reset();
  }
  reset_ = true;
  Defer();
}

// All that the client sent has been looked at, and nothing follows.
void Connection::EndInput() {
  if (exchange_ == nullptr) return Close();
  if (answer_ended_) return;
  if (phase_ == Phase::kBody) {
    FailRequest(Cause::kClientLeft, "the client closed in the middle of its request");
  } else if (phase_ == Phase::kTunnel) {
    EndTunnelInput();
  } else {
    exchange_->OnClientFinished();
  }
}

void Connection::FailRequest(Cause cause, std::string_view why) {
  close_after_ = true;
  exchange_->OnRequestFailed({.side = cause == Cause::kShutdown ? Side::kSluice : Side::kDownstream,
                              .cause = cause,
                              .why = std::string(why)});
}

// Answering.

bool Connection::MayKeepAlive() const {
  if (close_after_ || !request_->head.keep_alive || service_.draining()) return false;
  if (listener_->max_requests != 0 && requests_ >= listener_->max_requests) return false;
  if (client_finished_ && backlog_.empty()) return false;
  // A client that was not told to go on may send its body or the next request: no telling which.
  return !(request_->head.expect_continue && !continue_sent_ && phase_ == Phase::kBody);
}

void Connection::SendInterim(const http::ResponseHead& head) {
  if (answer_ended_ || request_->head.version == http::Version::kHttp10) return;
  if (head.status == 100) continue_sent_ = true;
  http::EncodeResponse(head, "", stream_->Staging());
}

void Connection::SendHead(const http::ResponseHead& head) {
  SLUICE_CHECK(!answered_ && !answer_ended_);
  answered_ = true;
  http::ResponseHead wire = head;
  const bool old_client = request_->head.version == http::Version::kHttp10;
  if (head.framing.kind == Framing::Kind::kChunked ||
      head.framing.kind == Framing::Kind::kUntilClose) {
    wire.framing.kind = old_client ? Framing::Kind::kUntilClose : Framing::Kind::kChunked;
    if (old_client && request_->head.method != http::Method::kHead) close_after_ = true;
  }
  request_->framing = wire.framing.kind;
  if (request_->framing == Framing::Kind::kTunnel) {
    phase_ = Phase::kTunnel;
    close_after_ = true;
    http::EncodeResponse(wire, "upgrade", stream_->Staging());
    Defer();  // bytes that came behind the request belong to the tunnel
    return;
  }
  close_after_ = !MayKeepAlive();
  const std::string_view keep_alive = old_client ? "keep-alive" : "";
  Bytes& out = stream_->Staging();
  const size_t before = out.size();
  http::EncodeResponse(wire, close_after_ ? "close" : keep_alive, out);
  request_->written += out.size() - before;
}

void Connection::SendBody(std::string_view bytes) {
  if (bytes.empty() || answer_ended_) return;
  SLUICE_CHECK(answered_);
  request_->written += bytes.size();
  if (request_->framing != Framing::Kind::kChunked) {
    stream_->Write(bytes);
    return;
  }
  char buffer[18];
  const std::string_view size = http::ChunkHead(bytes.size(), buffer);
  request_->written += size.size() + 2;
  stream_->Write(std::array{size, bytes, std::string_view("\r\n")});
}

void Connection::SendEnd(const http::Fields* trailers) {
  if (answer_ended_) return;
  SLUICE_CHECK(answered_);
  answer_ended_ = true;
  if (request_->framing == Framing::Kind::kChunked &&
      request_->head.method != http::Method::kHead) {
    http::EncodeLastChunk(trailers, stream_->Staging());
  }
  // A tunnel is closed after, too. Said now, the FIN leaves with the last bytes.
  if (close_after_) stream_->FinishWriting();
  Defer();
}

bool Connection::Retract() {
  Bytes& staged = stream_->Staging();
  const bool all_here =
      staged.size() == request_->written && stream_->buffered() == request_->written;
  if (!answered_ || answer_ended_ || phase_ == Phase::kTunnel || !all_here) return false;
  staged.Clear();
  request_->written = 0;
  answered_ = false;
  return true;
}

void Connection::Reset() {
  if (answer_ended_) return;
  answer_ended_ = true;
  reset_ = true;
  stream_->Abort();
  Defer();
}

void Connection::Consumed(size_t bytes) {
  SLUICE_DCHECK(bytes <= request_->unconsumed);
  request_->unconsumed -= bytes;
  if (request_->unconsumed == 0) stream_->Resume(net::PauseReason::kRequestBody);
}

void Connection::OnWritable() {
  if (exchange_ != nullptr && !answer_ended_) exchange_->OnDownstreamWritable();
}

void Connection::OnFlushed() {
  awaiting_flush_ = false;
  if (answer_ended_ && exchange_ != nullptr) FinishAnswer();
}

void Connection::OnDeferred() {
  if (phase_ == Phase::kTunnel && !backlog_.empty()) ProcessBacklog();
  // The client may have half-closed before it knew that there is a tunnel.
  if (phase_ == Phase::kTunnel && client_finished_) EndTunnelInput();
  if (!answer_ended_ || exchange_ == nullptr) return;
  if (reset_ || stream_->buffered() == 0) {
    FinishAnswer();
  } else if (!awaiting_flush_) {
    awaiting_flush_ = true;
    stream_->NotifyFlushed();
  }
}

void Connection::FinishAnswer() {
  http::DownstreamEvents* const exchange = std::exchange(exchange_, nullptr);
  exchange->OnResponseDone(!reset_);
  exchange->~DownstreamEvents();
  if (reset_) return Close();
  if (phase_ == Phase::kTunnel) return Linger();
  if (close_after_) {
    // What the client has sent, or sends before it knows of the end, would turn our close into a
    // reset that can overtake the answer.
    const bool more = phase_ == Phase::kBody || !backlog_.empty() || refused_;
    const bool unasked = request_->head.keep_alive && !service_.draining();
    return more || unasked ? Linger() : Close();
  }
  if (phase_ == Phase::kBody) {
    if (client_finished_) return Close();
    phase_ = Phase::kDiscard;
    request_->moved = 0;
    request_->unconsumed = 0;
    stream_->Resume(net::PauseReason::kRequestBody);
    loop_.Arm(deadline_, kDiscardTime);
    return;
  }
  NextRequest();
}

void Connection::NextRequest() {
  request_ = nullptr;
  arena_.Clear();
  skipped_ = 0;
  answered_ = answer_ended_ = continue_sent_ = first_byte_ = false;
  stream_->Resume(net::PauseReason::kRequestBody);
  AwaitHead();
  ProcessBacklog();
  // What is left of a pipeline may be less than a request.
  if (client_finished_ && backlog_.empty() && phase_ != Phase::kClosed) EndInput();
}

void Connection::AwaitHead() {
  phase_ = Phase::kHead;
  if (service_.draining()) {
    loop_.Arm(deadline_, kDrainLinger);
  } else {
    loop_.Arm(deadline_, requests_ == 0 ? listener_->head_timeout : listener_->keepalive_timeout);
  }
}

void Connection::Linger() {
  if (client_finished_) return Close();
  phase_ = Phase::kLinger;
  backlog_.Clear();
  stream_->FinishWriting();
  stream_->Resume(net::PauseReason::kRequestBody);
  stream_->Resume(net::PauseReason::kBacklog);
  loop_.Arm(deadline_, kLingerTime);
}

void Connection::Close() {
  phase_ = Phase::kClosed;
  deadline_.Cancel();
  CancelDeferred();
  permit_.reset();  // the listener may be gone before this object is
  owner_.Release(*this);
}

void Connection::Defer() { loop_.Defer(*this); }

// Time.

void Connection::OnDeadline() {
  if (exchange_ != nullptr) return CheckRate();
  if (phase_ != Phase::kHead || HeadNotBegun()) return Close();
  static constexpr http::Refusal kLate{408, "the request head did not arrive in time"};
  OpenExchange(&kLate);
}

void Connection::CheckRate() {
  const uint64_t written = request_->written;
  const uint64_t taken =
      request_->moved + written - std::min<uint64_t>(written, stream_->buffered());
  const uint64_t progress = taken - std::min(taken, request_->rate_mark);
  request_->rate_mark = taken;
  // Only a peer that could move is too slow: not one we have paused, nor one with nothing to do.
  const bool may_send = !request_->head.expect_continue || continue_sent_ || request_->moved > 0;
  const bool sending = phase_ == Phase::kBody && request_->unconsumed == 0 && may_send;
  const bool receiving = stream_->buffered() > 0;
  if ((sending || receiving) && !request_->rate.Note(progress, kRateSpell)) {
    if (answer_ended_) {
      reset_ = true;
      stream_->Abort();
      FinishAnswer();
      return;
    }
    FailRequest(Cause::kTooSlow, sending ? "the request body came too slowly"
                                         : "the client read its answer too slowly");
    if (!sending && !answer_ended_) Reset();
  }
  if (exchange_ != nullptr) loop_.Arm(deadline_, kRateSpell);
}

}  // namespace sluice::server
