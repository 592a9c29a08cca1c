#include "proxy/demo/shop_connection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/demo/control.h"
#include "proxy/demo/shop_server.h"
#include "proxy/demo/site.h"

namespace sluice::demo {

namespace {

using http::Framing;
using net::PauseReason;

// Of a long answer at once; then other connections have their turn.
constexpr uint64_t kPump = 128 * 1024;
// For how long what a refused client still sends is read and dropped.
constexpr Duration kLinger = std::chrono::seconds(2);

// RFC 9110 section 5.6.7: an origin server with a clock says when.
std::string HttpDate() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace

ShopConnection::ShopConnection(ShopServer& server, std::unique_ptr<net::Socket> socket,
                               size_t place)
    : server_(server),
      socket_(std::move(socket)),
      place_(place),
      decoder_(
          http::HeadLimits{.head_bytes = 64 * 1024, .fields = 200, .target_bytes = 16 * 1024}) {}

void ShopConnection::Start() {
  socket_->SetEvents(this);
  socket_->StartReading();
  server_.site().loop.Arm(idle_, server_.site().options.idle_timeout);
}

void ShopConnection::Cut() { Close(/*reset=*/true); }

void ShopConnection::Close(bool reset) {
  if (state_ == State::kGone) return;
  state_ = State::kGone;
  server_.slots().Forget(*this);
  server_.site().database.connections().Forget(*this);
  idle_.Cancel();
  alarm_.Cancel();
  visit_.reset();
  if (kept_) server_.LoseDeparted();
  if (reset && socket_ != nullptr) socket_->Abort();
  server_.Drop(*this);  // `this` lives until the end of the turn
  query_.Release();
  worker_.Release();
  server_.PublishSlots();
}

void ShopConnection::OnRead(std::span<char> bytes) {
  if (state_ == State::kGone || state_ == State::kLingering) return;
  if (!Hungry()) return Keep(bytes);
  if (!ahead_.empty()) {
    ahead_.append(bytes.data(), bytes.size());
    return GoOn();
  }
  Keep(Consume(bytes));
}

void ShopConnection::Keep(std::span<const char> bytes) {
  if (bytes.empty() || state_ == State::kGone) return;
  ahead_.append(bytes.data(), bytes.size());
  if (!Hungry()) socket_->Pause(PauseReason::kBacklog);
}

void ShopConnection::GoOn() {
  std::string bytes = std::exchange(ahead_, {});
  const std::span<char> rest = Consume(bytes);
  if (state_ == State::kGone) return;
  Keep(rest);
  if (!Hungry()) return;
  // A client that has sent its FIN sends nothing more to be hungry for.
  if (peer_done_) return Close(/*reset=*/false);
  socket_->Resume(PauseReason::kBacklog);
}

std::span<char> ShopConnection::Consume(std::span<char> bytes) {
  while (!bytes.empty() && Hungry()) {
    const size_t taken = state_ == State::kHead ? TakeHead(bytes) : TakeBody(bytes);
    if (taken == 0) break;
    bytes = bytes.subspan(taken);
  }
  return bytes;
}

size_t ShopConnection::TakeHead(std::span<char> bytes) {
  if (!head_) head_.emplace(arena_);
  const http::HeadResult got = decoder_.FeedHead({bytes.data(), bytes.size()}, arena_, *head_);
  if (got.state == http::HeadResult::State::kRefused) {
    last_ = true;
    Refuse(got.refusal.status, "Not understood", got.refusal.why);
  } else if (got.state == http::HeadResult::State::kComplete) {
    OnHead();
  }
  return got.consumed;
}

size_t ShopConnection::TakeBody(std::span<char> bytes) {
  const http::BodyResult got = decoder_.FeedBody(bytes, arena_);
  body_bytes_ += got.data.size();
  body_.append(got.data.substr(0, kMostForm - std::min(kMostForm, body_.size())));
  if (got.refused) {
    last_ = true;
    Refuse(400, "Not understood", got.why);
  } else if (got.end) {
    OnBodyEnd();
  } else {
    server_.site().loop.Arm(idle_, server_.site().options.idle_timeout);
  }
  return got.consumed;
}

void ShopConnection::OnHead() {
  ++server_.counters().requests;
  plan_ = PlanFor(*head_);
  if (const auto& cost = server_.site().options.page_cost; cost && plan_.queries > 0) {
    plan_.web_time = cost->web_time;
    plan_.queries = cost->queries;
  }
  last_ = !head_->keep_alive;
  idle_.Cancel();
  if (!plan_.needs_worker) return BeginWork();
  worker_ = server_.slots().Take();
  if (worker_.held()) {
    BeginWork();
  } else if (server_.slots().Wait(*this)) {
    state_ = State::kQueued;
    server_.OnWaiting();
  } else {
    ++server_.counters().refused;
    // The body is not worth reading, so what follows it can't be found.
    last_ = last_ || http::HasBody(head_->framing);
    Refuse(503, "Too many", "All workers are busy and the queue is full.");
  }
  server_.PublishSlots();
}

void ShopConnection::OnWorker(Slots::Worker worker) {
  if (state_ == State::kQuerying) {
    query_ = std::move(worker);
    return BeginQueries();
  }
  worker_ = std::move(worker);
  server_.PublishSlots();
  // What was still to come of the body of who has gone will not come.
  if (peer_left_) return OnBodyEnd();
  BeginWork();
  if (state_ != State::kGone) GoOn();
}

void ShopConnection::BeginWork() {
  state_ = State::kBody;
  if (!http::HasBody(head_->framing)) return OnBodyEnd();
  if (head_->expect_continue) socket_->Write("HTTP/1.1 100 Continue\r\n\r\n");
  server_.site().loop.Arm(idle_, server_.site().options.idle_timeout);
}

void ShopConnection::OnBodyEnd() {
  idle_.Cancel();
  state_ = State::kWorking;
  // The switches must answer at once on a server that was made slow.
  const Duration time =
      plan_.page == Page::kControl ? Duration::zero() : server_.DrawWebTime(plan_.web_time);
  if (time > Duration::zero()) {
    server_.site().alarms.Arm(alarm_, time);
  } else {
    OnAlarm();
  }
}

void ShopConnection::OnAlarm() {
  if (state_ == State::kEvents) return SendEvent();
  if (state_ == State::kQuerying) return OnQueriesDone();
  state_ = State::kQuerying;
  if (plan_.queries == 0) return OnQueriesDone();
  Database& database = server_.site().database;
  visit_.emplace(database.Enter());
  query_ = database.connections().Take();
  if (query_.held()) return BeginQueries();
  (void)database.connections().Wait(*this);  // no end to that queue: workers are its bound
}

void ShopConnection::BeginQueries() {
  const Duration time = server_.site().database.TimeFor(plan_.queries);
  if (time > Duration::zero()) {
    server_.site().alarms.Arm(alarm_, time);
  } else {
    OnQueriesDone();
  }
}

void ShopConnection::OnQueriesDone() {
  visit_.reset();
  query_.Release();
  ++server_.counters().made;
  if (peer_left_ || peer_done_) ++server_.counters().departed;
  if (peer_left_) return Close(/*reset=*/true);
  Send(MakeAnswer());
}

Answer ShopConnection::MakeAnswer() {
  Site& site = server_.site();
  if (plan_.page == Page::kControl) return Control(site, server_.index(), plan_.rest, *head_);
  if (server_.DrawFailure()) {
    ++server_.counters().failed;
    return Notice(500, "Failed", "This server was told to fail.", server_.name());
  }
  return MakePage({.plan = plan_,
                   .head = *head_,
                   .body = body_,
                   .body_bytes = body_bytes_,
                   .server = server_.name(),
                   .order_number = plan_.page == Page::kCheckout ? server_.NextOrder() : 0},
                  site.database);
}

void ShopConnection::Refuse(int status, std::string_view title, std::string_view why) {
  Answer answer = Notice(status, title, why, server_.name());
  if (status == 503) answer.fields.emplace_back("Retry-After", "1");
  Send(std::move(answer));
}

void ShopConnection::Send(Answer answer) {
  ++server_.counters().answered;
  state_ = State::kSending;
  answer_ = std::move(answer);
  filler_sent_ = 0;
  WriteHead();
  if (answer_.events > 0 && has_body_) {
    // A stream of events costs a shop a descriptor, not a worker.
    worker_.Release();
    server_.PublishSlots();
    events_left_ = answer_.events;
    state_ = State::kEvents;
    return SendEvent();
  }
  PumpBody();
}

void ShopConnection::WriteHead() {
  const bool bodiless = answer_.status == 204 || answer_.status == 304;
  const bool old = head_->version == http::Version::kHttp10;
  has_body_ = !bodiless && head_->method != http::Method::kHead;
  chunked_ = false;

  http::ResponseHead head(arena_);
  head.status = answer_.status;
  head.reason = http::ReasonOf(answer_.status);
  const std::string date = HttpDate();
  head.fields.Add("Date", date);
  head.fields.Add("X-Server", server_.name());
  if (!bodiless) head.fields.Add("Content-Type", answer_.content_type);
  for (const auto& [name, value] : answer_.fields) head.fields.Add(name, value);
  if (bodiless) {
    head.framing.kind = Framing::Kind::kNone;
  } else if (answer_.chunked && old) {
    head.framing.kind = Framing::Kind::kUntilClose;
    last_ = true;
  } else if (answer_.chunked) {
    head.framing.kind = Framing::Kind::kChunked;
    chunked_ = has_body_;
  } else {
    head.framing = {Framing::Kind::kLength,
                    answer_.filler_bytes > 0 ? answer_.filler_bytes : answer_.body.size()};
  }
  http::EncodeResponse(head, last_ ? "close" : old ? "keep-alive" : "", socket_->Staging());
}

void ShopConnection::WritePiece(std::string_view piece) {
  if (piece.empty()) return;
  if (chunked_) {
    http::EncodeChunk(piece, socket_->Staging());
  } else {
    socket_->Write(piece);
  }
}

void ShopConnection::PumpBody() {
  if (has_body_) {
    WritePiece(answer_.body);
    answer_.body.clear();
    const uint64_t stop = std::min(answer_.filler_bytes, filler_sent_ + kPump);
    while (filler_sent_ < stop) {
      const std::string_view piece = Filler(filler_sent_).substr(0, stop - filler_sent_);
      WritePiece(piece);
      filler_sent_ += piece.size();
    }
  }
  if (AllWritten() && chunked_) http::EncodeLastChunk(nullptr, socket_->Staging());
  server_.site().loop.Arm(idle_, server_.site().options.idle_timeout);
  socket_->NotifyFlushed();
}

void ShopConnection::SendEvent() {
  // A reader that is too slow misses events; they are not kept for it.
  if (!socket_->Full()) {
    WritePiece(absl::StrFormat("id: %d\ndata: {\"server\":\"%s\"}\n\n",
                               answer_.events - events_left_ + 1, server_.name()));
  }
  if (--events_left_ > 0) return server_.site().alarms.Arm(alarm_, answer_.event_interval);
  state_ = State::kSending;
  PumpBody();
}

void ShopConnection::OnFlushed() {
  if (state_ != State::kSending) return;
  if (!AllWritten()) return PumpBody();
  Finish();
}

void ShopConnection::Finish() {
  idle_.Cancel();
  answer_ = Answer();
  body_.clear();
  body_bytes_ = 0;
  plan_ = Plan();
  head_.reset();
  arena_.Clear();
  worker_.Release();
  server_.PublishSlots();
  if (!last_) {
    state_ = State::kHead;
    server_.site().loop.Arm(idle_, server_.site().options.idle_timeout);
    return GoOn();
  }
  ahead_.clear();
  socket_->FinishWriting();
  if (peer_done_) return Close(/*reset=*/false);
  state_ = State::kLingering;
  socket_->Resume(PauseReason::kBacklog);
  server_.site().loop.Arm(idle_, kLinger);
}

void ShopConnection::OnReadEnd(int error) {
  peer_done_ = true;
  switch (state_) {
    case State::kGone:
      return;
    case State::kBody:
      return Close(/*reset=*/true);
    case State::kHead:
    case State::kEvents:
    case State::kLingering:
      return Close(/*reset=*/false);
    case State::kQueued:
      if (!server_.site().options.works_for_departed) {
        if (error < 0) Close(/*reset=*/true);
        return;
      }
      return Depart(error);
    case State::kWorking:
    case State::kQuerying:
      // The work goes on for who has left, as it does in a real server.
      return Depart(error);
    case State::kSending:
      if (error < 0) Close(/*reset=*/true);
  }
}

void ShopConnection::Depart(int error) {
  // After a FIN the answer is still sent: it may have been a half-close, and who has told the
  // server so that it no longer wants the answer waits for it to see when the server is free.
  if (error == 0 && server_.MayKeepDeparted()) {
    kept_ = true;
    return server_.KeepDeparted();
  }
  peer_left_ = true;
  socket_->Pause(PauseReason::kBacklog);
  socket_->SetEvents(nullptr);
  server_.site().loop.Retire(std::move(socket_));
}

void ShopConnection::OnWritable() {}

void ShopConnection::OnIdle() { Close(/*reset=*/state_ != State::kHead); }

}  // namespace sluice::demo
