#include "proxy/upstream/h2_upstream.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/tls/tls_stream.h"

namespace sluice::upstream {
namespace {

// As in h1_upstream.cc.
constexpr uint32_t kMaxInterims = 32;

constexpr size_t kGatherBytes = 64 * 1024;
// Of a request body, before its exchange is asked to wait.
constexpr size_t kHighMark = 64 * 1024;

}  // namespace

class H2Upstream::Stream final : public Leasable, public http::H2ClientStream {
 public:
  explicit Stream(H2Upstream& connection) : connection_(connection) {
    next_ = std::exchange(connection.first_, this);
    link_ = &connection.first_;
    if (next_ != nullptr) next_->link_ = &next_;
  }
  ~Stream() override { Leave(); }

  // Leasable
  void Begin(http::UpstreamEvents& events, Arena& arena) override {
    events_ = &events;
    memory_ = &arena;
  }
  // A stream that is reset is work that the server knows to be over.
  void GiveBack(Permit) override {
    events_ = nullptr;
    // Its arena goes with the exchange: nothing may be read into it from here on.
    if (opened_ && !closed() && !complete_) session().Reset(*this, http::H2Error::kCancel);
    if (opened_ && !closed() && complete_ && !request_ended_) {
      session().Reset(*this, http::H2Error::kNone);
    }
    Leave();
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    connection_.Returned(*this);
  }

  // http::Upstream
  void SendHead(const http::RequestHead& head) override {
    if (!connection_.dead_ && session().Open(*this, *memory_, head, connection_.SchemeOf(head))) {
      opened_ = true;
      connection_.Leaves();
      return;
    }
    // Told from the loop: no event comes from inside a command.
    unsendable_ = true;
    connection_.Leaves();
  }
  void SendBody(Pieces pieces) override {
    if (!opened_) return;
    session().SendBody(*this, pieces);
    connection_.Leaves();
  }
  void SendEnd(const http::Fields* trailers) override {
    request_ended_ = true;
    if (!opened_) return;
    session().SendEnd(*this, trailers);
    connection_.Leaves();
  }
  void Consumed(size_t bytes) override {
    if (!opened_) return;
    session().Consumed(*this, bytes);
    connection_.Leaves();
  }
  bool Full() const override {
    auto& self = const_cast<Stream&>(*this);
    return opened_ && self.session().Full(self, kHighMark);
  }

  void Fail(Cause cause, bool nothing_sent, std::string why) {
    if (complete_) return;
    complete_ = true;
    if (http::UpstreamEvents* const events = std::exchange(events_, nullptr)) {
      events->OnUpstreamFailed({.side = Side::kUpstream,
                                .cause = cause,
                                .nothing_sent = nothing_sent,
                                .answer_begun = answer_begun_,
                                .why = std::move(why)});
    }
  }

 private:
  friend class H2Upstream;

  // http::H2ClientStream
  void OnHead(const http::ResponseHead& head) override {
    answer_begun_ = true;
    if (events_ == nullptr) return;
    if (head.status >= 200) {
      has_body_ = http::HasBody(head.framing);
      return events_->OnResponse(head);
    }
    if (++interims_ <= kMaxInterims) return events_->OnInterim(head);
    session().Reset(*this, http::H2Error::kEnhanceYourCalm);
    Fail(Cause::kMalformed, false, "too many interim responses");
  }
  void OnBody(std::string_view bytes) override {
    if (events_ == nullptr || complete_ || bytes.empty()) {
      return session().Consumed(*this, bytes.size());
    }
    if (has_body_) return events_->OnResponseBody(bytes);
    session().Reset(*this, http::H2Error::kProtocol);
    Fail(Cause::kMalformed, false, "an answer that cannot have a body has one");
  }
  void OnEnd(const http::Fields* trailers) override {
    if (std::exchange(complete_, true) || events_ == nullptr) return;
    events_->OnResponseEnd(trailers);
  }
  void OnRoom() override {
    if (events_ != nullptr) events_->OnUpstreamWritable();
  }
  void OnSent() override {}
  void OnClosed(http::H2Error error, std::string_view fault) override {
    if (!fault.empty()) return Fail(Cause::kMalformed, false, std::string(fault));
    Fail(Cause::kReset, session().Untouched(*this, error),
         absl::StrFormat("the server reset the stream (%d)", static_cast<int>(error)));
  }

  http::H2ClientSession& session() { return connection_.session_; }

  H2Upstream& connection_;
  http::UpstreamEvents* events_ = nullptr;
  Arena* memory_ = nullptr;
  Stream* next_ = nullptr;
  Stream** link_ = nullptr;
  uint32_t interims_ = 0;
  bool opened_ = false;      // it is on the wire, or about to be
  bool unsendable_ = false;  // the connection took it no more
  bool request_ended_ = false;
  bool answer_begun_ = false;
  bool has_body_ = false;
  bool complete_ = false;  // the answer, or its failure was told
};

H2Upstream::H2Upstream(Pool& pool, std::shared_ptr<ServerSlot> slot, const conf::Pool& spec,
                       ratelimit::Permit seat, std::unique_ptr<net::Stream> stream)
    : pool_(pool),
      slot_(std::move(slot)),
      seat_(std::move(seat)),
      stream_(std::move(stream)),
      session_({.head_bytes = static_cast<uint32_t>(spec.max_head)}, {}),
      born_(pool.loop().now()),
      max_idle_time_(spec.max_idle_time),
      max_age_(spec.max_age),
      rests_since_(born_) {
  next = slot_->h2;
  link = &slot_->h2;
  if (next != nullptr) next->link = &next;
  slot_->h2 = this;
  slot_->server->stats.shard(pool_.shard()).idle_connections.Add();
  stream_->SetEvents(this);
  stream_->StartReading();
  pool_.loop().Arm(idle_deadline_, max_idle_time_);
  Leaves();
}

H2Upstream::~H2Upstream() { SLUICE_CHECK(first_ == nullptr); }

bool H2Upstream::MayLend(Duration max_rest) const {
  if (dead_ || lent_ >= session_.most_streams()) return false;
  const TimePoint now = pool_.loop().now();
  return now - born_ < max_age_ && (lent_ > 0 || now - rests_since_ <= max_rest);
}

Lease H2Upstream::Lend() {
  if (lent_++ == 0) {
    idle_deadline_.Cancel();
    slot_->server->stats.shard(pool_.shard()).idle_connections.Sub();
  }
  return Lease(new Stream(*this), /*reused=*/served_++ > 0);
}

void H2Upstream::Returned(Stream& stream) {
  pool_.loop().Retire(std::unique_ptr<Stream>(&stream));
  Leaves();
  if (--lent_ > 0) return;
  slot_->server->stats.shard(pool_.shard()).idle_connections.Add();
  rests_since_ = pool_.loop().now();
  if (dead_ || link == nullptr || slot_->retired || rests_since_ - born_ >= max_age_) {
    return Vanish();
  }
  pool_.loop().Arm(idle_deadline_, max_idle_time_);
}

void H2Upstream::Unlink() {
  if (link == nullptr) return;
  *link = next;
  if (next != nullptr) next->link = link;
  next = nullptr;
  link = nullptr;
}

void H2Upstream::Retire() {
  Unlink();
  if (lent_ == 0) Vanish();
}

void H2Upstream::Vanish() {
  if (std::exchange(gone_, true)) return;
  dead_ = true;
  Unlink();
  idle_deadline_.Cancel();
  CancelDeferred();
  if (slot_->transport->secure()) stream_->FinishWriting();
  stream_->SetEvents(nullptr);
  stream_->Pause(net::PauseReason::kBacklog);
  observe::ServerStats& count = slot_->server->stats.shard(pool_.shard());
  count.idle_connections.Sub();
  count.connections.Sub();
  pool_.loop().Retire(std::unique_ptr<H2Upstream>(this));
}

void H2Upstream::OnRead(std::span<char> bytes) {
  if (dead_) return;
  if (!std::exchange(heard_, true) && LooksLikeTls({bytes.data(), bytes.size()})) {
    return FailAll(kSpeaksTls);
  }
  session_.Feed({bytes.data(), bytes.size()}, pool_.loop().now());
  if (!gone_) Leaves();
}

void H2Upstream::OnReadEnd(int error) {
  if (gone_) return;
  FailAll(error == 0 ? "the server closed the connection" : tls::ErrorText(error));
}

void H2Upstream::FailAll(std::string_view why) {
  dead_ = true;
  Unlink();
  // Each failure gives at least its own stream back, perhaps others too.
  while (first_ != nullptr) {
    Stream& stream = *first_;
    const bool nothing_sent = !stream.opened_ || session_.Untouched(stream, http::H2Error::kNone);
    stream.Fail(Cause::kReset, nothing_sent, std::string(why));
    if (first_ == &stream) {
      // Its exchange had heard all, and has not let go yet: it will, at its own time.
      *stream.link_ = stream.next_;
      if (stream.next_ != nullptr) stream.next_->link_ = stream.link_;
      stream.next_ = nullptr;
      stream.link_ = &stream.next_;
    }
  }
  if (lent_ == 0 && !gone_) Vanish();
}

void H2Upstream::OnDeferred() {
  if (gone_) return;
  while (!dead_ && !stream_->Full()) {
    Bytes& out = stream_->Staging();
    const size_t before = out.size();
    session_.Pump(out, before + kGatherBytes);
    if (out.size() - before < kGatherBytes) break;
  }
  if (session_.most_streams() == 0) Unlink();
  for (Stream* stream = first_; stream != nullptr;) {
    Stream* const after = stream->next_;
    if (stream->unsendable_) {
      stream->Fail(Cause::kReset, /*nothing_sent=*/true, "the server takes no more requests");
      break;  // the list may be another by now; the rest has its turn below
    }
    stream = after;
  }
  if (gone_) return;
  if (session_.over()) {
    return FailAll(session_.why().empty() ? "the server ended the HTTP/2 session" : session_.why());
  }
  for (Stream* stream = first_; stream != nullptr; stream = stream->next_) {
    if (stream->unsendable_ && !stream->complete_) return Leaves();
  }
  if (lent_ == 0 && link == nullptr) Vanish();
}

}  // namespace sluice::upstream
