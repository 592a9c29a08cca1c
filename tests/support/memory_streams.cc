#include "tests/support/memory_streams.h"

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice::test {

std::string FieldLines(const http::Fields& fields) {
  std::string lines;
  for (const http::Field& field : fields) {
    lines.append(field.name).append(": ").append(field.value).append("\n");
  }
  return lines;
}

// The client.

void MemoryClient::SendsBody(std::string_view bytes) {
  owed += bytes.size();
  exchange_->OnRequestBody(bytes);
}

void MemoryClient::EndsRequest(const http::Fields* trailing) { exchange_->OnRequestEnd(trailing); }

void MemoryClient::Fails(Cause cause) {
  exchange_->OnRequestFailed({.side = Side::kDownstream, .cause = cause, .why = "as scripted"});
}

void MemoryClient::Reads(size_t bytes) {
  unread -= std::min(bytes, unread);
  if (was_full_ && unread <= high_mark / 4) {
    was_full_ = false;
    exchange_->OnDownstreamWritable();
  }
}

void MemoryClient::SettlesAnswer() {
  SLUICE_CHECK(ended || reset);
  settled = true;
  exchange_->OnResponseDone(!reset);
}

void MemoryClient::SendInterim(const http::ResponseHead& head) {
  SLUICE_CHECK(status == 0);
  interims.push_back(head.status);
}

void MemoryClient::SendHead(const http::ResponseHead& head) {
  SLUICE_CHECK(status == 0 && !ended && !reset);
  status = head.status;
  fields = FieldLines(head.fields);
  framing = head.framing;
}

void MemoryClient::SendBody(std::string_view bytes) {
  SLUICE_CHECK(status != 0 && !ended && !reset);
  body.append(bytes);
  unread += bytes.size();
}

void MemoryClient::SendEnd(const http::Fields* trailing) {
  SLUICE_CHECK(status != 0 && !ended && !reset);
  ended = true;
  if (trailing != nullptr) trailers = FieldLines(*trailing);
}

void MemoryClient::Reset() {
  SLUICE_CHECK(!ended && !reset);
  reset = true;
}

void MemoryClient::Consumed(size_t bytes) {
  SLUICE_CHECK(bytes > 0 && bytes <= owed);
  owed -= bytes;
}

bool MemoryClient::Full() const {
  if (unread > high_mark) was_full_ = true;
  return unread > high_mark;
}

// A server.

void MemoryServer::Begin(http::UpstreamEvents& events, Arena& arena) {
  SLUICE_CHECK(events_ == nullptr && !given_back);
  events_ = &events;
  arena_ = &arena;
}

void MemoryServer::GiveBack(upstream::Permit) {
  SLUICE_CHECK(!given_back);
  given_back = true;
  events_ = nullptr;
}

void MemoryServer::Interim(int code) {
  http::ResponseHead head(*arena_);
  head.status = code;
  events_->OnInterim(head);
}

void MemoryServer::Answers(int code, const http::Framing& answer_framing,
                           std::vector<std::string> head_lines) {
  http::ResponseHead head(*arena_);
  head.status = code;
  head.reason = http::ReasonOf(code);
  head.framing = answer_framing;
  // The request had ended; the tunnel behind it has an end of its own.
  if (answer_framing.kind == http::Framing::Kind::kTunnel) ended = false;
  for (const std::string& line : head_lines) {
    std::string_view value = arena_->Copy(line);
    const std::string_view name = CutNext(value, ':');
    head.fields.Add(name, TrimSpace(value));
  }
  events_->OnResponse(head);
}

void MemoryServer::SendsBody(std::string_view bytes) {
  owed += bytes.size();
  events_->OnResponseBody(bytes);
}

void MemoryServer::EndsAnswer(const http::Fields* trailing) { events_->OnResponseEnd(trailing); }

void MemoryServer::Fails(Cause cause, bool nothing_sent, bool answer_begun) {
  events_->OnUpstreamFailed({.side = Side::kUpstream,
                             .cause = cause,
                             .nothing_sent = nothing_sent,
                             .answer_begun = answer_begun,
                             .why = "as scripted"});
}

void MemoryServer::ReadsAgain() {
  full_ = false;
  events_->OnUpstreamWritable();
}

void MemoryServer::SendHead(const http::RequestHead& head) {
  start.append(head.method_text).append(" ").append(head.target);
  fields = FieldLines(head.fields);
  framing = head.framing;
}

void MemoryServer::SendBody(Pieces pieces) {
  SLUICE_CHECK(!start.empty() && !ended && !given_back);
  for (const std::string_view piece : pieces) body.append(piece);
}

void MemoryServer::SendEnd(const http::Fields* trailing) {
  SLUICE_CHECK(!start.empty() && !ended && !given_back);
  ended = true;
  if (trailing != nullptr) trailers = FieldLines(*trailing);
}

void MemoryServer::Consumed(size_t bytes) {
  SLUICE_CHECK(bytes > 0 && bytes <= owed && !given_back);
  owed -= bytes;
}

// The connector.

class MemoryConnector::Pending final : public upstream::Attempt {
 public:
  explicit Pending(MemoryConnector& owner) : owner_(owner) {}
  ~Pending() override {
    if (settled_) return;
    owner_.pending_.reset();
    ++owner_.cancelled;
  }
  void Settle() { settled_ = true; }

 private:
  MemoryConnector& owner_;
  bool settled_ = false;
};

MemoryServer& MemoryConnector::Accepts() {
  Wanted wanted = std::move(*pending_);
  pending_.reset();
  tries.push_back(std::make_unique<MemoryServer>(std::move(wanted.address)));
  MemoryServer& server = *tries.back();
  wanted.attempt->Settle();
  wanted.done(upstream::Lease(&server, /*reused=*/false), {});
  return server;
}

void MemoryConnector::Refuses(Cause cause) {
  Wanted wanted = std::move(*pending_);
  pending_.reset();
  wanted.attempt->Settle();
  wanted.done(
      upstream::Lease(),
      {.side = Side::kUpstream, .cause = cause, .nothing_sent = true, .why = "as scripted"});
}

upstream::Lease MemoryConnector::TakeIdle(upstream::ServerSlot& slot, Duration max_rest) {
  if (!kept_rest_ || *kept_rest_ > max_rest) return {};
  kept_rest_.reset();
  tries.push_back(std::make_unique<MemoryServer>(slot.server->label));
  return upstream::Lease(tries.back().get(), /*reused=*/true);
}

std::unique_ptr<upstream::Attempt> MemoryConnector::Connect(
    std::shared_ptr<upstream::ServerSlot> slot, const conf::Pool&, Duration, Connected done) {
  SLUICE_CHECK(!pending_.has_value());
  auto attempt = std::make_unique<Pending>(*this);
  pending_ = Wanted{slot->server->label, attempt.get(), std::move(done)};
  return attempt;
}

}  // namespace sluice::test
