// What waiting rooms mean for an exchange: who may go on, what the others are told, and when a
// visitor is done.
#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "absl/random/distributions.h"
#include "proxy/base/text.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/accept.h"

namespace sluice::exchange {

using admission::Doorkeeper;
using admission::WaitingPage;
using admission::WaitingView;
using Outcome = admission::Room::Rule::Outcome;

namespace {

// By which the shop itself says that a visitor is done.
constexpr std::string_view kSaysDone = "Sluice-Waiting-Room";
constexpr std::string_view kDone = "done";

// A panic ends when somebody says so.
constexpr std::chrono::seconds kHaltedPoll{10};

// Whoever asks for less than a whole page, or for more, can do nothing with one.
bool WantsPage(const http::RequestHead& head) {
  if (!head.upgrade.empty()) return false;
  if (head.method != http::Method::kGet && head.method != http::Method::kHead) return false;
  const http::Field* const to = head.fields.Find("Sec-Fetch-Dest");
  if (to != nullptr && to->value != "document" && to->value != "iframe") return false;
  return !http::PrefersJson(head.fields.Value(http::FieldId::kAccept));
}

// Whether Cache-Control has any of these directives (RFC 9111 section 5.2.2).
bool Directs(const http::Fields& answer, std::initializer_list<std::string_view> directives) {
  const auto directs = [&](const http::Field& field) {
    if (!EqualsIgnoreCase(field.name, "Cache-Control")) return false;
    for (std::string_view rest = field.value; !rest.empty();) {
      std::string_view directive = CutNext(rest, ',');
      const std::string_view name = TrimSpace(CutNext(directive, '='));
      const auto is_it = [&](std::string_view known) { return EqualsIgnoreCase(name, known); };
      if (std::any_of(directives.begin(), directives.end(), is_it)) return true;
    }
    return false;
  };
  return std::any_of(answer.begin(), answer.end(), directs);
}

// What others may keep must not carry one visitor's ticket.
bool IsForAll(const http::Fields& answer) {
  return answer.Find("CDN-Cache-Control") != nullptr ||
         answer.Find("Surrogate-Control") != nullptr || Directs(answer, {"public", "s-maxage"});
}

}  // namespace

upstream::Load Entrance::LoadAt(TimePoint now) const {
  upstream::Load fullest;
  for (const auto& pool : pools) {
    const upstream::Load load = upstream::LoadOf(*pool, now);
    if (load.share() >= fullest.share()) fullest = load;
  }
  return fullest;
}

Doorkeeper::Visit Exchange::VisitRoom(const Entrance& entrance) {
  const TimePoint now = context_.loop().now();
  const auto open = [&] { return !Halts() && entrance.LoadAt(now).HasRoom(); };
  Doorkeeper::Visit visit = entrance.keeper->Receive(head_.fields, open, context_.random()(), now);
  record_.room = entrance.keeper->spec().name;
  record_.queue_position = visit.view.position;
  ticket_ = visit.ticket;
  entrance_ = &entrance;
  visitor_ = visit.id;
  return visit;
}

// The address at which the script of a waiting page asks. True when it is that, and answered.
bool Exchange::AnswersOfRoom() {
  // Who is to come by TLS gets no ticket before.
  if (view_->shared->entrances.empty() || listener_.redirect_https ||
      !head_.path.starts_with(WaitingPage::kStatusPath)) {
    return false;
  }
  const std::string_view name = head_.path.substr(WaitingPage::kStatusPath.size());
  const auto& entrances = view_->shared->entrances;
  const auto found = std::find_if(entrances.begin(), entrances.end(), [&](const auto& entrance) {
    return entrance->keeper->spec().name == name;
  });
  if (found == entrances.end()) return false;
  Doorkeeper::Visit visit = VisitRoom(**found);
  const bool in = visit.outcome == Outcome::kInside || visit.outcome == Outcome::kEnters;
  if (in && Halts()) {
    visit.view = Halted().view;
  } else if (in) {
    visit.view.state = WaitingView::State::kEnter;
  } else if (Halts()) {
    visit.view.state = WaitingView::State::kPaused;
  }
  record_.route = "(waiting room)";
  SendReply(MakeWaiting(head_, (*found)->keeper->page(), visit.view, {.status = 200, .page = false},
                        context_.Date()));
  return true;
}

// Whether a panic keeps this request from the servers.
bool Exchange::Halts() const {
  const std::optional<Panic>& panic = view_->shared->panic;
  return panic && (route_ == nullptr || !panic->Keeps(PriorityHere()));
}

// What is told to those inside, and where there is no room.
Doorkeeper::Visit Exchange::Halted() const {
  Doorkeeper::Visit visit;
  visit.outcome = Outcome::kWaits;
  visit.view.state = WaitingView::State::kPaused;
  visit.view.poll = std::chrono::seconds(
      absl::Uniform(context_.random(), kHaltedPoll.count(), 2 * kHaltedPoll.count()));
  return visit;
}

// False: it is answered.
bool Exchange::PassesRoom() {
  const std::vector<const Entrance*>& of_routes = view_->shared->entrance_of;
  // Empty where there are no rooms at all.
  const Entrance* const entrance = of_routes.empty() ? nullptr : of_routes[route_->index];
  if (entrance == nullptr) {
    if (!Halts()) return true;
    KeepWaiting(*view_->shared->panic->page, 503, Halted());
    return false;
  }
  entrance_ = entrance;
  if (entrance->keeper->Bypasses(head_, identity_)) return true;
  Doorkeeper::Visit visit = VisitRoom(*entrance);
  if (visit.outcome == Outcome::kInside || visit.outcome == Outcome::kEnters) {
    if (!Halts()) return true;
    visit = Halted();
  } else if (Halts()) {
    visit.view.state = WaitingView::State::kPaused;
  }
  KeepWaiting(entrance->keeper->page(), entrance->keeper->spec().status, visit);
  return false;
}

void Exchange::KeepWaiting(const WaitingPage& page, int status, const Doorkeeper::Visit& visit) {
  record_.side = Side::kDownstream;
  record_.end = Cause::kWaitingRoom;
  if (visit.outcome == Outcome::kTooFast) {
    retry_after_ = visit.view.poll;
    record_.why = "more requests than one visitor makes";
    return ReplyError(429, record_.why);
  }
  const bool full = visit.outcome == Outcome::kFull;
  record_.why = Halts() ? "panic: only other classes are served"
                : full  ? "too many wait"
                        : "waits for a place in the shop";
  const bool wants_page = WantsPage(head_);
  if (!wants_page) status = full ? 503 : 429;
  SendReply(MakeWaiting(head_, page, visit.view, {.status = status, .page = wants_page},
                        context_.Date()));
}

// By the answer of the shop: whether its visitor is done.
void Exchange::LeaveRoom(const http::ResponseHead& head, http::ResponseHead& answer) {
  entrance_->keeper->Filter(answer.fields);
  const http::Field* const said = answer.fields.Find(kSaysDone);
  const bool says_done = said != nullptr && said->value == kDone;
  if (said != nullptr) answer.fields.Remove(kSaysDone);
  const bool bought = route_->conf.ends_session && head.status >= 200 && head.status < 400 &&
                      head_.method != http::Method::kGet && head_.method != http::Method::kHead;
  if (visitor_ == 0 || !(says_done || bought)) return;
  ticket_.reset();
  entrance_->keeper->room().End(visitor_, context_.loop().now());
  entrance_->keeper->TakeAway(answer.fields, head_.scheme == "https");
}

void Exchange::GiveTicket(http::ResponseHead& answer) const {
  if (IsForAll(answer.fields)) return;
  // RFC 9111 section 3: a shared cache may keep what does not say so, Set-Cookie and all.
  if (!Directs(answer.fields, {"private", "no-store"})) {
    answer.fields.Add("Cache-Control", "private");
  }
  entrance_->keeper->Give(answer.fields, *ticket_, head_.scheme == "https");
}

}  // namespace sluice::exchange
