#include "proxy/upstream/h1_upstream.h"

#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/tls/tls_stream.h"

namespace sluice::upstream {
namespace {

// 1xx heads before one answer; a server that sends more is broken or hostile.
constexpr uint32_t kMaxInterims = 32;

using http::Framing;

}  // namespace

H1Upstream::H1Upstream(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                       ratelimit::Permit seat, std::unique_ptr<net::Stream> stream)
    : pool_(pool),
      slot_(std::move(slot)),
      seat_(std::move(seat)),
      stream_(std::move(stream)),
      decoder_({.head_bytes = static_cast<uint32_t>(spec.max_head)}),
      born_(pool.loop().now()),
      max_idle_time_(spec.max_idle_time),
      max_age_(spec.max_age),
      cancel_hold_(spec.cancel_hold),
      max_idle_(spec.max_idle) {
  stream_->SetEvents(this);
  stream_->StartReading();
}

H1Upstream::~H1Upstream() = default;

void H1Upstream::Begin(http::UpstreamEvents& events, Arena& arena) {
  SLUICE_CHECK(phase_ == Phase::kIdle && events_ == nullptr);
  events_ = &events;
  arena_ = &arena;
  phase_ = Phase::kHead;
  request_ended_ = false;
  keep_alive_ = true;
  interims_ = 0;
  unconsumed_ = 0;
  written_ = 0;
}

void H1Upstream::GiveBack(Permit permit) {
  if (MustFollow(permit)) return Follow(std::move(permit));
  pool_.Release(this);
}

// A request that is not whole, or whose answer has begun, ends with its connection: the server
// finds out when it reads or writes. Where any number of requests is welcome nobody waits for the
// place.
bool H1Upstream::MustFollow(const Permit& permit) const {
  return phase_ == Phase::kHead && request_ended_ && decoder_.idle() && permit.follows() &&
         cancel_hold_ > Duration::zero();
}

void H1Upstream::Follow(Permit permit) {
  phase_ = Phase::kAbandoned;
  events_ = nullptr;
  arena_ = nullptr;
  remnant_ = std::make_unique<Remnant>(std::move(permit));
  pool_.Keep(this);
  stream_->Resume(net::PauseReason::kPeerFull);
  stream_->FinishWriting();
  pool_.loop().Arm(idle_deadline_, cancel_hold_);
}

// Interim answers are none; whatever else comes is the server done, or busy with what it writes.
void H1Upstream::OnRemnant(std::span<char> bytes) {
  while (!bytes.empty()) {
    http::ResponseHead head(remnant_->arena);
    const http::HeadResult got =
        decoder_.FeedHead({bytes.data(), bytes.size()}, remnant_->arena, method_, head);
    if (got.state == http::HeadResult::State::kNeedMore) return;
    const bool interim = got.state == http::HeadResult::State::kComplete && head.status < 200 &&
                         head.status != 101 && ++interims_ <= kMaxInterims;
    if (!interim) return EndRemnant();
    bytes = bytes.subspan(got.consumed);
  }
}

void H1Upstream::EndRemnant() {
  phase_ = Phase::kDead;
  idle_deadline_.Cancel();
  remnant_.reset();
  pool_.Let(this);
}

bool H1Upstream::End() {
  const bool clean =
      phase_ == Phase::kComplete && request_ended_ && keep_alive_ && stream_->buffered() == 0;
  events_ = nullptr;
  arena_ = nullptr;
  stream_->Resume(net::PauseReason::kPeerFull);
  phase_ = clean ? Phase::kIdle : Phase::kDead;
  return clean && pool_.loop().now() - born_ < max_age_;
}

// Without it a TLS server would have to take the end for somebody else's doing.
void H1Upstream::SayGoodbye() {
  if (slot_->transport->secure()) stream_->FinishWriting();
}

void H1Upstream::SendHead(const http::RequestHead& head) {
  method_ = head.method;
  request_framing_ = head.framing.kind;
  Bytes& out = stream_->Staging();
  const size_t before = out.size();
  http::EncodeRequest(head, head.target, head.upgrade.empty() ? "" : "upgrade", out);
  written_ += out.size() - before;
}

void H1Upstream::SendBody(Pieces pieces) {
  size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  if (bytes == 0 || phase_ == Phase::kDead) return;
  written_ += bytes;
  if (request_framing_ != Framing::Kind::kChunked || phase_ == Phase::kTunnel) {
    stream_->Write(pieces);
    return;
  }
  char size[18];
  absl::InlinedVector<std::string_view, 8> chunk = {http::ChunkHead(bytes, size)};
  chunk.insert(chunk.end(), pieces.begin(), pieces.end());
  chunk.push_back("\r\n");
  stream_->Write(chunk);
}

void H1Upstream::SendEnd(const http::Fields* trailers) {
  request_ended_ = true;
  if (phase_ == Phase::kDead) return;
  if (phase_ == Phase::kTunnel) {
    stream_->FinishWriting();
  } else if (request_framing_ == Framing::Kind::kChunked) {
    http::EncodeLastChunk(trailers, stream_->Staging());
  }
}

void H1Upstream::Consumed(size_t bytes) {
  SLUICE_DCHECK(bytes <= unconsumed_);
  unconsumed_ -= bytes;
  if (unconsumed_ == 0) stream_->Resume(net::PauseReason::kPeerFull);
}

void H1Upstream::OnRead(std::span<char> bytes) {
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
        Deliver({bytes.data(), bytes.size()});
        break;
      case Phase::kComplete:
        // Behind a complete answer: it must not be taken for the next one.
        keep_alive_ = false;
        return;
      case Phase::kIdle:
        phase_ = Phase::kDead;
        pool_.Unlink(this);
        return;
      case Phase::kAbandoned:
        return OnRemnant(bytes);
      case Phase::kDead:
        return;
    }
    if (used == 0) return;
    bytes = bytes.subspan(used);
  }
}

size_t H1Upstream::ReadHead(std::span<char> bytes) {
  if (decoder_.idle() && LooksLikeTls({bytes.data(), bytes.size()})) {
    Fail(Cause::kMalformed, std::string(kSpeaksTls));
    return 0;
  }
  http::ResponseHead head(*arena_);
  const http::HeadResult got =
      decoder_.FeedHead({bytes.data(), bytes.size()}, *arena_, method_, head);
  switch (got.state) {
    case http::HeadResult::State::kNeedMore:
      return got.consumed;
    case http::HeadResult::State::kRefused:
      Fail(got.refusal.status == 431 ? Cause::kTooLarge : Cause::kMalformed,
           std::string(got.refusal.why));
      return 0;
    case http::HeadResult::State::kComplete:
      break;
  }
  if (head.status < 200 && head.status != 101) {
    if (++interims_ > kMaxInterims) {
      Fail(Cause::kMalformed, "too many interim responses");
      return 0;
    }
    events_->OnInterim(head);
    return got.consumed;
  }
  keep_alive_ = head.keep_alive;
  response_framing_ = head.framing.kind;
  if (head.status == 101) {
    phase_ = Phase::kTunnel;
    keep_alive_ = false;
    events_->OnResponse(head);
    return got.consumed;
  }
  if (response_framing_ == Framing::Kind::kUntilClose) keep_alive_ = false;
  phase_ = Phase::kBody;
  const bool no_body = head.framing.kind == Framing::Kind::kNone ||
                       (head.framing.kind == Framing::Kind::kLength && head.framing.length == 0);
  events_->OnResponse(head);
  if (no_body && phase_ == Phase::kBody) Complete(nullptr);
  return got.consumed;
}

size_t H1Upstream::ReadBody(std::span<char> bytes) {
  const http::BodyResult got = decoder_.FeedBody(bytes, *arena_);
  if (!got.data.empty()) Deliver(got.data);
  if (phase_ != Phase::kBody) return 0;
  if (got.refused) {
    Fail(Cause::kMalformed, std::string(got.why));
    return 0;
  }
  if (got.end) Complete(decoder_.trailers());
  return got.consumed;
}

void H1Upstream::Deliver(std::string_view body) {
  unconsumed_ += body.size();
  events_->OnResponseBody(body);
  // What the exchange did not say Consumed() for has no room: stop reading until it does.
  if (events_ != nullptr && unconsumed_ > 0) stream_->Pause(net::PauseReason::kPeerFull);
}

void H1Upstream::Complete(const http::Fields* trailers) {
  phase_ = Phase::kComplete;
  events_->OnResponseEnd(trailers);
}

void H1Upstream::OnReadEnd(int error) {
  switch (phase_) {
    case Phase::kIdle:
      phase_ = Phase::kDead;
      pool_.Unlink(this);
      return;
    case Phase::kComplete:
      keep_alive_ = false;
      return;
    case Phase::kAbandoned:
      return EndRemnant();
    case Phase::kDead:
      return;
    case Phase::kTunnel:
      if (error == 0) {
        phase_ = Phase::kComplete;
        events_->OnResponseEnd(nullptr);
        return;
      }
      break;
    case Phase::kBody:
      if (error == 0 && response_framing_ == Framing::Kind::kUntilClose) {
        Complete(nullptr);
        return;
      }
      break;
    case Phase::kHead:
      break;
  }
  const std::string_view where =
      phase_ == Phase::kHead ? "before its answer was complete" : "in the middle of its answer";
  Fail(Cause::kReset, error == 0 ? absl::StrFormat("the server closed %s", where)
                                 : absl::StrFormat("%s %s", tls::ErrorText(error), where));
}

void H1Upstream::Fail(Cause cause, std::string why) {
  const bool answer_begun = phase_ != Phase::kHead || interims_ > 0 || !decoder_.idle();
  // Of TLS nobody can say: what records add hides what has left.
  const bool nothing_sent = !slot_->transport->secure() && stream_->buffered() >= written_;
  phase_ = Phase::kDead;
  events_->OnUpstreamFailed({.side = Side::kUpstream,
                             .cause = cause,
                             .nothing_sent = nothing_sent,
                             .answer_begun = answer_begun,
                             .why = std::move(why)});
}

void H1Upstream::OnWritable() {
  if (events_ != nullptr && phase_ != Phase::kDead) events_->OnUpstreamWritable();
}

void H1Upstream::OnIdleTooLong() {
  if (phase_ == Phase::kAbandoned) return EndRemnant();
  if (phase_ != Phase::kIdle) return;
  phase_ = Phase::kDead;
  pool_.Unlink(this);
}

}  // namespace sluice::upstream
