#include "proxy/demo/customer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/text.h"
#include "proxy/demo/catalogue.h"

namespace sluice::demo {

namespace {

constexpr http::HeadLimits kLimits = {.head_bytes = 32 * 1024, .fields = 100, .target_bytes = 1024};

// For who is told to come back at once, so that this too comes to an end.
constexpr Duration kShortestWait = std::chrono::seconds(1);

// Whole seconds; the other form of Retry-After, a date, is not spoken here. Behind Refresh may
// stand
// "; url=".
std::optional<Duration> Seconds(const http::Field* field) {
  if (field == nullptr) return std::nullopt;
  std::string_view text = field->value;
  const std::optional<uint64_t> seconds = ParseDecimal(CutNext(text, ';'));
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::min<uint64_t>(*seconds, 86'400));
}

http::Method MethodOf(Step step) {
  return step == Step::kHome || step == Step::kProduct ? http::Method::kGet : http::Method::kPost;
}

}  // namespace

Customer::Customer(Crowd& crowd, uint64_t number, uint8_t wave, bool bot)
    : crowd_(crowd), number_(number) {
  outcome_.came = crowd_.loop_.now();
  outcome_.wave = wave;
  outcome_.bot = bot;
  product_ = absl::StrFormat("%d", 1 + crowd_.random_.Next() % Catalogue().size());
}

Customer::~Customer() {
  if (state_ == State::kDialing || state_ == State::kAsking) --crowd_.asking_;
  if (state_ != State::kGone && InLine()) --crowd_.waiting_;
}

Outcome Customer::SoFar() {
  NoteWait();
  outcome_.went = crowd_.loop_.now();
  return outcome_;
}

void Customer::Ask() {
  ++crowd_.counts_.asked[static_cast<size_t>(outcome_.at)];
  ++crowd_.asking_;
  crowd_.loop_.Arm(patience_, crowd_.options_.page_patience);
  asked_ = crowd_.loop_.now();
  if (!page_begun_) page_begun_ = asked_;
  if (socket_ != nullptr) {
    kept_ = true;
    return Send();
  }
  kept_ = false;
  state_ = State::kDialing;
  dial_ = std::make_unique<net::Dial>(crowd_.loop_, crowd_.options_.shop,
                                      crowd_.options_.page_patience, net::SocketOptions(),
                                      [this](std::unique_ptr<net::Socket> socket, int error) {
                                        OnDialed(std::move(socket), error);
                                      });
}

void Customer::OnDialed(std::unique_ptr<net::Socket> socket, int error) {
  dial_ = nullptr;
  if (error != 0) {
    StopAsking(/*keep_connection=*/false);
    return OnCut();
  }
  socket_ = std::move(socket);
  decoder_.emplace(kLimits);
  socket_->SetEvents(this);
  socket_->StartReading();
  Send();
}

void Customer::Send() {
  state_ = State::kAsking;
  heard_ = false;
  in_body_ = false;
  reply_ = Reply();
  head_.reset();
  arena_.Clear();
  std::string target = "/", body;
  switch (outcome_.at) {
    case Step::kHome:
      break;
    case Step::kProduct:
      target = "/product/" + product_;
      break;
    case Step::kCart:
      target = "/cart";
      body = "add=" + product_;
      break;
    case Step::kCheckout:
      target = "/checkout";
      body = "pay=now";
      break;
  }
  const bool posts = MethodOf(outcome_.at) == http::Method::kPost;
  std::string text = absl::StrFormat(
      "%s %s HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\nX-Forwarded-For: "
      "10.%d.%d.%d\r\n",
      posts ? "POST" : "GET", target, number_ >> 16 & 255, number_ >> 8 & 255, number_ & 255);
  if (const std::string cookies = cookies_.Field(); !cookies.empty()) {
    absl::StrAppendFormat(&text, "Cookie: %s\r\n", cookies);
  }
  if (posts) {
    absl::StrAppendFormat(&text,
                          "Content-Type: application/x-www-form-urlencoded\r\n"
                          "Content-Length: %d\r\n",
                          body.size());
  }
  socket_->Write(text + "\r\n" + body);
}

void Customer::OnRead(std::span<char> bytes) {
  if (state_ != State::kAsking) return;
  heard_ = true;
  while (!in_body_) {
    if (!ReadHead(bytes)) return;
  }
  for (;;) {
    const http::BodyResult got = decoder_->FeedBody(bytes, arena_);
    if (got.refused) {
      StopAsking(/*keep_connection=*/false);
      return OnError();
    }
    if (got.end) return OnAnswer();
    bytes = bytes.subspan(got.consumed);
    if (got.consumed == 0 || bytes.empty()) return;
  }
}

// False when there is nothing more to do with these bytes.
bool Customer::ReadHead(std::span<char>& bytes) {
  if (!head_) head_.emplace(arena_);
  const http::HeadResult got =
      decoder_->FeedHead({bytes.data(), bytes.size()}, arena_, MethodOf(outcome_.at), *head_);
  if (got.state == http::HeadResult::State::kRefused) {
    StopAsking(/*keep_connection=*/false);
    OnError();
    return false;
  }
  if (got.state == http::HeadResult::State::kNeedMore) return false;
  bytes = bytes.subspan(got.consumed);
  if (head_->status < 200) {
    head_.reset();
    return true;
  }
  in_body_ = true;
  reply_.status = head_->status;
  reply_.keep_alive = head_->keep_alive && head_->framing.kind != http::Framing::Kind::kUntilClose;
  reply_.own = head_->fields.Find("X-Server") != nullptr;
  if (outcome_.bot) return true;
  reply_.come_back = Seconds(head_->fields.Find(http::FieldId::kRetryAfter));
  if (!reply_.come_back && !reply_.own) reply_.come_back = Seconds(head_->fields.Find("Refresh"));
  for (const http::Field& field : head_->fields) {
    if (!EqualsIgnoreCase(field.name, "Set-Cookie")) continue;
    cookies_.Take(field.value);
    NoteTicket(field.value);
  }
  return true;
}

void Customer::OnReadEnd(int error) {
  if (state_ != State::kAsking) return StopAsking(/*keep_connection=*/false);  // between pages
  const bool whole =
      error == 0 && in_body_ && head_->framing.kind == http::Framing::Kind::kUntilClose;
  if (whole) return OnAnswer();
  const bool unseen = kept_ && !heard_;
  StopAsking(/*keep_connection=*/false);
  if (unseen) return Ask();
  OnCut();
}

void Customer::OnPatienceOver() {
  ++crowd_.counts_.left;
  NoteWait();
  StopAsking(/*keep_connection=*/false);
  TryAgain(Duration::zero());
}

void Customer::OnAlarm() {
  if (state_ == State::kToldToWait) *page_begun_ += crowd_.loop_.now() - told_since_;
  Ask();
}

void Customer::OnAnswer() {
  StopAsking(reply_.keep_alive);
  if (reply_.own && reply_.status < 400) return OnPage();
  if (reply_.come_back) return WaitAsTold(*reply_.come_back);
  OnError();
}

void Customer::OnPage() {
  const auto step = static_cast<size_t>(outcome_.at);
  ++crowd_.counts_.pages[step];
  crowd_.page_times_[step].push_back(crowd_.loop_.now() - asked_);
  NoteWait();
  NoteEntry();
  if (outcome_.at == Step::kCheckout) return Leave(/*bought=*/true);
  outcome_.at = static_cast<Step>(static_cast<uint8_t>(outcome_.at) + 1);
  tries_ = 0;
  page_begun_.reset();
  crowd_.alarms_.Arm(alarm_, DrawThinking());
}

void Customer::OnError() {
  ++crowd_.counts_.errors;
  outcome_.saw_error = true;
  TryAgain(DrawThinking());
}

void Customer::OnCut() {
  if (crowd_.options_.reload_after == Duration::zero()) return OnError();
  ++crowd_.counts_.reloads;
  NoteWait();
  StayAway(crowd_.options_.reload_after);
}

void Customer::WaitAsTold(Duration time) {
  ++crowd_.counts_.told;
  NoteWait();
  time = std::max(time, kShortestWait);
  if (outcome_.first_page == TimePoint()) {
    if (!std::exchange(outcome_.lined_up, true)) ++crowd_.waiting_;
    outcome_.longest_told = std::max(outcome_.longest_told, time);
  }
  StayAway(time);
}

void Customer::StayAway(Duration time) {
  outcome_.told += time;
  if (outcome_.told > crowd_.options_.told_patience) return Leave(/*bought=*/false);
  state_ = State::kToldToWait;
  told_since_ = crowd_.loop_.now();
  crowd_.alarms_.Arm(alarm_, time);
}

void Customer::TryAgain(Duration after) {
  if (++tries_ > crowd_.options_.retries) return Leave(/*bought=*/false);
  if (after == Duration::zero()) return Ask();
  crowd_.alarms_.Arm(alarm_, after);
}

Duration Customer::DrawThinking() {
  const auto mean = static_cast<double>(crowd_.options_.think_time.count());
  return Duration(static_cast<Duration::rep>(1 + crowd_.random_.Exponential(mean)));
}

void Customer::StopAsking(bool keep_connection) {
  if (state_ == State::kDialing || state_ == State::kAsking) {
    --crowd_.asking_;
    state_ = State::kThinking;
  }
  patience_.Cancel();
  dial_ = nullptr;
  if (keep_connection || socket_ == nullptr) return;
  socket_->Pause(net::PauseReason::kBacklog);
  socket_->SetEvents(nullptr);
  crowd_.loop_.Retire(std::move(socket_));
}

void Customer::NoteWait() {
  if (!page_begun_) return;
  const TimePoint until = state_ == State::kToldToWait ? told_since_ : crowd_.loop_.now();
  if (until - *page_begun_ > crowd_.options_.slow_page) outcome_.waited = true;
}

void Customer::NoteEntry() {
  if (outcome_.first_page != TimePoint()) return;
  const TimePoint now = crowd_.loop_.now();
  if (InLine()) {
    --crowd_.waiting_;
    ++crowd_.counts_.let_in;
    crowd_.counts_.let_in_after += now - outcome_.came;
  }
  outcome_.first_page = now;
}

void Customer::NoteTicket(std::string_view set_cookie) {
  const StandingReader& read = crowd_.options_.standing_of;
  const std::optional<Standing> now = read ? read(set_cookie) : std::nullopt;
  if (!now) return;
  if (standing_) {
    const bool another = now->visitor != standing_->visitor;
    const bool out = standing_->inside && !now->inside;
    if (another || out || now->place > standing_->place) outcome_.lost_place = true;
  }
  standing_ = now;
}

void Customer::Leave(bool bought) {
  if (InLine()) --crowd_.waiting_;
  outcome_.went = crowd_.loop_.now();
  outcome_.bought = bought;
  outcome_.gave_up = !bought;
  state_ = State::kGone;
  crowd_.Leave(*this, outcome_);
}

}  // namespace sluice::demo
