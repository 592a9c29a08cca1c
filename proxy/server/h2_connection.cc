#include "proxy/server/h2_connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/server/welcome.h"

namespace sluice::server {
namespace {

// As in connection.cc.
constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr Duration kDrainLinger = std::chrono::milliseconds(500);
// Of a client that was cut: a round trip for it to hear why. It may come again as often as it can,
// and each of its connections costs memory until this is over.
constexpr Duration kCutLinger = std::chrono::milliseconds(250);
constexpr Duration kRateSpell = std::chrono::seconds(1);

// Output made in one go. Beyond it a new and more urgent stream would wait behind old bytes.
constexpr size_t kGatherBytes = 64 * 1024;

http::H2Options OptionsOf(const conf::Http2& spec) {
  http::H2Options options;
  options.max_streams = spec.max_streams;
  options.stream_window = static_cast<uint32_t>(spec.window);
  options.connection_window = std::max(options.connection_window, options.stream_window);
  options.hold_bytes = spec.send_buffer;
  options.tolerance = spec.tolerance;
  return options;
}

bool IsGrpc(const http::RequestHead& head) {
  return head.fields.Value(http::FieldId::kContentType).starts_with("application/grpc");
}

}  // namespace

// One stream: what its exchange takes for the client.
class H2Connection::Request final : public http::H2ServerStream, public http::Downstream {
 public:
  explicit Request(H2Connection& connection)
      : connection_(connection),
        rate_(connection.listener_->min_body_rate, connection.listener_->min_body_rate_grace) {
    next_ = std::exchange(connection.first_, this);
    link_ = &connection.first_;
    if (next_ != nullptr) next_->link_ = &next_;
  }
  ~Request() override {
    Leave();
    if (exchange_ != nullptr) exchange_->~DownstreamEvents();
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
  }

  // http::Downstream
  void SendInterim(const http::ResponseHead& head) override {
    if (answer_ended_) return;
    if (head.status == 100) continue_sent_ = true;
    session().SendInterim(*this, head);
    Leaves();
  }
  void SendHead(const http::ResponseHead& head) override {
    SLUICE_CHECK(!answered_ && !answer_ended_);
    answered_ = true;
    session().SendHead(*this, head);
    Leaves();
  }
  void SendBody(std::string_view bytes) override {
    if (bytes.empty() || answer_ended_ || H2ServerStream::head().method == http::Method::kHead) {
      return;
    }
    session().SendBody(*this, Pieces(&bytes, 1));
    Leaves();
  }
  void SendEnd(const http::Fields* trailers) override {
    if (answer_ended_) return;
    answer_ended_ = true;
    session().SendEnd(*this, trailers);
    if (closed()) Break();
    Leaves();
  }
  bool Retract() override {
    if (!answered_ || answer_ended_ || !session().Retract(*this)) return false;
    answered_ = false;
    return true;
  }
  void Reset() override {
    if (answer_ended_) return;
    answer_ended_ = true;
    session().Reset(*this, http::H2Error::kInternal);
    Break();
  }
  void Consumed(size_t bytes) override {
    SLUICE_DCHECK(bytes <= unconsumed_);
    unconsumed_ -= bytes;
    session().Consumed(*this, bytes);
    Leaves();
  }
  bool Full() const override {
    auto& self = const_cast<Request&>(*this);
    return self.session().Full(self, high_mark_);
  }
  void SetHighMark(size_t bytes) override { high_mark_ = bytes; }

  void Fail(Cause cause, std::string_view why) {
    if (answer_ended_ || exchange_ == nullptr) return;
    input_ended_ = true;
    exchange_->OnRequestFailed(
        {.side = cause == Cause::kShutdown ? Side::kSluice : Side::kDownstream,
         .cause = cause,
         .why = std::string(why)});
  }

  // The connection is over, or this stream is to be.
  void Cut(Cause cause, std::string_view why) {
    Fail(cause, why);
    if (!answer_ended_) Reset();
  }

  // `moved` is what the connection has moved for all its streams since the last look.
  void CheckRate(uint64_t moved) {
    const uint64_t own = received_ + given();
    const uint64_t progress = own - std::exchange(rate_mark_, own) + (shut() ? 0 : moved);
    const http::RequestHead& request = H2ServerStream::head();
    if (exchange_ == nullptr) return;
    const bool may_send = !request.expect_continue || continue_sent_ || received_ > 0;
    // In a conversation silence is no slowness.
    const bool converses = request.streaming && (answered_ || IsGrpc(request));
    const bool sending = !input_ended_ && !answer_ended_ && unconsumed_ == 0 && may_send &&
                         !converses && http::HasBody(request.framing);
    const bool receiving = waiting() > 0 || in_output_;
    if ((!sending && !receiving) || rate_.Note(progress, kRateSpell)) return;
    if (in_output_) {
      connection_.stuck_ = true;
      return;
    }
    if (answer_ended_) {
      session().Reset(*this, http::H2Error::kCancel);
      return Break();
    }
    Fail(Cause::kTooSlow,
         sending ? "the request body came too slowly" : "the client read its answer too slowly");
    if (!sending && !answer_ended_) Reset();
  }

 private:
  friend class H2Connection;

  // http::H2Stream. What comes before Open() waits for it here.
  void OnRequest(const http::Refusal* refusal) override {
    connection_.head_since_ = {};
    ++connection_.requests_;
    if (refusal != nullptr) refusal_ = *refusal;
    connection_.unopened_.push_back(this);
  }
  void OnBody(std::string_view bytes) override {
    if (exchange_ == nullptr) return early_body_.Append(bytes);
    received_ += bytes.size();
    if (input_ended_ || answer_ended_) return session().Consumed(*this, bytes.size());
    unconsumed_ += bytes.size();
    exchange_->OnRequestBody(bytes);
  }
  void OnEnd(const http::Fields* trailers) override {
    if (exchange_ == nullptr) {
      early_end_ = true;
      early_trailers_ = trailers;
      return;
    }
    if (std::exchange(input_ended_, true) || answer_ended_) return;
    exchange_->OnRequestEnd(trailers);
  }
  void Open() {
    input_ended_ = refusal_.has_value() || !http::HasBody(H2ServerStream::head().framing);
    exchange_ = connection_.service_.Open({.arena = memory(),
                                           .downstream = *this,
                                           .head = H2ServerStream::head(),
                                           .peer = connection_.peer_,
                                           .listener = *connection_.listener_,
                                           .refusal = refusal_ ? &*refusal_ : nullptr});
    for (; !early_body_.empty(); early_body_.RemovePrefix(early_body_.Front().size())) {
      OnBody(early_body_.Front());
    }
    if (early_end_) OnEnd(early_trailers_);
  }
  void OnRoom() override {
    if (exchange_ != nullptr && !answer_ended_) exchange_->OnDownstreamWritable();
  }
  void OnSent() override {
    in_output_ = true;
    connection_.Settle(*this);
  }
  void OnClosed(http::H2Error, std::string_view fault) override {
    if (exchange_ != nullptr && !in_output_) {
      Cut(fault.empty() ? Cause::kReset : Cause::kMalformed,
          fault.empty() ? "the client reset the stream" : fault);
      Break();
    }
    // Of all that a client may ask for and cancel within one read, at once.
    if (exchange_ == nullptr) memory().Clear();
    connection_.Settle(*this);
  }

  http::H2ServerSession& session() { return connection_.session_; }
  void Leaves() { connection_.Wake(); }
  // What the client got of the answer is not all of it.
  void Break() {
    reset_ = true;
    connection_.Settle(*this);
  }

  H2Connection& connection_;
  http::DownstreamEvents* exchange_ = nullptr;  // in memory(); null before Open()
  std::optional<http::Refusal> refusal_;
  Bytes early_body_;
  const http::Fields* early_trailers_ = nullptr;
  bool early_end_ = false;
  Request* next_ = nullptr;
  Request** link_ = nullptr;
  size_t high_mark_ = 64 * 1024;
  size_t unconsumed_ = 0;  // body bytes the exchange still holds
  uint64_t received_ = 0;  // of the request body
  uint64_t rate_mark_ = 0;
  ratelimit::MinRate rate_;
  bool answered_ = false;      // SendHead() was called
  bool answer_ended_ = false;  // SendEnd() or Reset() was called
  bool continue_sent_ = false;
  bool input_ended_ = false;  // the exchange expects no more of the request
  bool in_output_ = false;    // the whole answer
  bool reset_ = false;
  bool settled_ = false;
};

H2Connection::H2Connection(net::Loop& loop, Service& service, ConnectionOwner& owner,
                           Arrival arrival)
    : loop_(loop),
      service_(service),
      owner_(owner),
      listener_(std::move(arrival.listener)),
      stream_(std::move(arrival.stream)),
      peer_(arrival.peer),
      tls_(std::move(arrival.tls)),
      permit_(std::move(arrival.permit)),
      session_(*this,
               {.head_bytes = static_cast<uint32_t>(listener_->max_head),
                .fields = listener_->max_fields,
                .target_bytes = static_cast<uint32_t>(listener_->max_target)},
               OptionsOf(listener_->http2)) {}

H2Connection::~H2Connection() {
  while (first_ != nullptr) delete first_;
}

void H2Connection::Start(std::string_view came) {
  begun_ = loop_.now();
  stream_->SetEvents(this);
  ArmDeadline();
  stream_->StartReading();
  if (service_.draining()) BeginShutdown();
  if (!came.empty()) Feed(came);
  Wake();
}

http::H2ServerStream* H2Connection::OnStream() { return new Request(*this); }

// Reading and writing.

void H2Connection::OnRead(std::span<char> bytes) {
  if (phase_ >= Phase::kLinger) return;
  Feed({bytes.data(), bytes.size()});
  Wake();
}

// One look at all that the streams have to say in a turn: their frames share records and writes.
void H2Connection::Wake() { loop_.DeferToTurnEnd(*this); }

void H2Connection::Feed(std::string_view bytes) {
  // Only a newcomer's time is measured: the clock is no part of every read.
  const bool is_new = loop_.now() - begun_ < Welcome::kNew;
  const TimePoint before = is_new ? std::chrono::steady_clock::now() : TimePoint{};
  session_.Feed(bytes, loop_.now());
  if (is_new) owner_.Spent(std::chrono::steady_clock::now() - before);
  OpenRequests();
  // Not one read more of it, in this turn either.
  if (session_.doomed()) stream_->Pause(net::PauseReason::kBacklog);
  if (!session_.inside_head()) {
    head_since_ = {};
  } else if (head_since_ == TimePoint{}) {
    head_since_ = loop_.now();
  }
  if (listener_->max_requests != 0 && requests_ >= listener_->max_requests) BeginShutdown();
}

// Only when all that came with them was read: a request that was cancelled in the same breath, or
// came from a client that is cut for what it sent behind it, has cost no exchange, no server and no
// line of a log.
void H2Connection::OpenRequests() {
  for (Request* const request : unopened_) {
    if (!session_.doomed() && (!request->lost() || request->refusal_)) {
      request->Open();
    } else {
      owner_.stats().http2_withdrawn.Add();
    }
  }
  unopened_.clear();
}

void H2Connection::OnReadEnd(int error) {
  if (phase_ == Phase::kClosed) return;
  FailAll(error == 0 ? Cause::kClientLeft : Cause::kReset, "the client's connection ended");
  Close();
}

void H2Connection::OnWritable() { Wake(); }

void H2Connection::OnFlushed() {
  awaiting_flush_ = false;
  finishing_.swap(unflushed_);
  for (Request* const request : finishing_) Finish(*request);
  finishing_.clear();
  Wake();
}

void H2Connection::Pump() {
  while (!stream_->Full()) {
    Bytes& out = stream_->Staging();
    const size_t before = out.size();
    session_.Pump(out, before + kGatherBytes);
    if (out.size() - before < kGatherBytes) break;
  }
}

void H2Connection::OnDeferred() {
  if (phase_ >= Phase::kLinger) return;
  Pump();
  FinishSettled();
  // What is on its way to the kernel is still an answer.
  const bool over = session_.over() && (session_.doomed() || unflushed_.empty());
  if (over || (phase_ == Phase::kRefusing && first_ == nullptr)) return EndSession();
  ArmDeadline();
}

void H2Connection::Settle(Request& request) {
  if (std::exchange(request.settled_, true)) return;
  settled_.push_back(&request);
  Wake();
}

void H2Connection::FinishSettled() {
  finishing_.swap(settled_);
  for (Request* const request : finishing_) {
    if (request->reset_ || request->exchange_ == nullptr || stream_->buffered() == 0) {
      Finish(*request);
    } else {
      unflushed_.push_back(request);
    }
  }
  finishing_.clear();
  if (unflushed_.empty() || awaiting_flush_) return;
  awaiting_flush_ = true;
  stream_->NotifyFlushed();
}

void H2Connection::Finish(Request& request) {
  if (http::DownstreamEvents* const exchange = std::exchange(request.exchange_, nullptr)) {
    exchange->OnResponseDone(!request.reset_);
    exchange->~DownstreamEvents();
  }
  delete &request;
}

void H2Connection::FailAll(Cause cause, std::string_view why) {
  for (Request* request = first_; request != nullptr; request = request->next_) {
    request->Cut(cause, why);
    if (stream_->buffered() > 0 || !request->in_output_) request->reset_ = true;
  }
  settled_.clear();
  unflushed_.clear();
  while (first_ != nullptr) Finish(*first_);
}

// The end.

void H2Connection::Drain() { BeginShutdown(); }

void H2Connection::BeginShutdown() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kAnnounced;
  session_.AnnounceShutdown();
  loop_.Arm(announced_, kDrainLinger);
  Wake();
}

void H2Connection::OnAnnounced() {
  if (phase_ != Phase::kAnnounced) return;
  phase_ = Phase::kRefusing;
  session_.RefuseFurther();
  Wake();
}

void H2Connection::Cut() {
  if (phase_ == Phase::kClosed) return;
  if (phase_ < Phase::kLinger) {
    for (Request* request = first_; request != nullptr; request = request->next_) {
      request->Cut(Cause::kShutdown, "cut at the end of shutdown_timeout");
    }
    session_.RefuseFurther();
    Pump();
  }
  FailAll(Cause::kShutdown, "");
  Close();
}

// Nothing more is read of the session: by agreement, or because the peer broke it.
void H2Connection::EndSession() {
  if (session_.doomed()) {
    owner_.stats().http2_cuts[static_cast<size_t>(session_.cut())].Add();
    static log::Site site;
    log::Info(site, "listener %s: an HTTP/2 client was cut: %s", listener_->name, session_.why());
    // Its bytes are not worth reading. What it may still want to know is in the output.
    stream_->Pause(net::PauseReason::kBacklog);
  }
  FailAll(Cause::kMalformed, session_.why().empty() ? "the HTTP/2 session ended" : session_.why());
  phase_ = Phase::kLinger;
  stream_->FinishWriting();
  announced_.Cancel();
  loop_.Arm(deadline_, session_.doomed() ? kCutLinger : kLingerTime);
}

void H2Connection::Close() {
  phase_ = Phase::kClosed;
  deadline_.Cancel();
  announced_.Cancel();
  CancelDeferred();
  permit_.reset();  // the listener may be gone before this object is
  owner_.Release(*this);
}

// Time.

void H2Connection::ArmDeadline() {
  const bool idle = first_ == nullptr;
  if (deadline_.armed() && idle_armed_ == idle) return;
  idle_armed_ = idle;
  if (!idle) return loop_.Arm(deadline_, kRateSpell);
  loop_.Arm(deadline_, requests_ == 0 ? listener_->head_timeout : listener_->keepalive_timeout);
}

void H2Connection::OnDeadline() {
  if (phase_ == Phase::kLinger) return Close();
  if (first_ == nullptr) {
    phase_ = Phase::kRefusing;
    session_.RefuseFurther();
  } else if (head_since_ != TimePoint{} && loop_.now() - head_since_ > listener_->head_timeout) {
    session_.Doom(http::H2Error::kEnhanceYourCalm, "a request head did not arrive in time");
  } else {
    CheckRates();
  }
  if (phase_ != Phase::kClosed) Wake();
}

void H2Connection::CheckRates() {
  const uint64_t out = session_.body_out();
  const uint64_t left = out - std::min<uint64_t>(out, stream_->buffered());
  const uint64_t moved = left - std::min(left, rate_mark_);
  rate_mark_ = left;
  for (Request* request = first_; request != nullptr; request = request->next_) {
    request->CheckRate(moved);
  }
  if (!stuck_) return;
  FailAll(Cause::kTooSlow, "the client does not read");
  stream_->Abort();
  Close();
}

}  // namespace sluice::server
