#include "proxy/admission/doorkeeper.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "proxy/http/cookie.h"

namespace sluice::admission {

using ratelimit::Ticket;
using Outcome = Room::Rule::Outcome;
using std::chrono::seconds;

namespace {

constexpr std::string_view kCookiePrefix = "__sluice_";
constexpr double kOff = 0.15;  // by which estimates are told to be off
constexpr Duration kLeastOff = seconds(5);

// Cookies last as long as their tickets are good.
uint32_t Lasts(const ratelimit::TicketTerms& terms, const Ticket& ticket) {
  return ticket.kind == Ticket::Kind::kActive ? terms.session_s : ticket.due_s + terms.grace_s;
}

uint32_t Seconds(Duration time) {
  return static_cast<uint32_t>(std::chrono::duration_cast<seconds>(time).count());
}

WaitingView ViewOf(const Room::Rule::Answer& answer) {
  WaitingView view;
  view.state =
      answer.outcome == Outcome::kFull ? WaitingView::State::kFull : WaitingView::State::kWaiting;
  view.poll = seconds(std::lround(answer.poll_s));
  if (answer.outcome != Outcome::kWaits) return view;
  view.ahead = answer.ahead;
  view.position = answer.ahead + 1;
  if (answer.wait_s) {
    const auto wait =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*answer.wait_s));
    const auto off = std::max(std::chrono::duration_cast<Duration>(wait * kOff), kLeastOff);
    view.least = std::max(wait - off, Duration::zero());
    view.most = wait + off;
  }
  return view;
}

}  // namespace

Doorkeeper::Doorkeeper(const conf::WaitingRoom& spec, std::shared_ptr<Room> room, Signer signer,
                       std::shared_ptr<const WaitingPage> page, const conf::Event* event)
    : spec_(spec),
      room_(std::move(room)),
      signer_(std::move(signer)),
      page_(std::move(page)),
      cookie_(std::string(kCookiePrefix) + spec.name),
      terms_{.room = ratelimit::RoomHash(spec.name),
             .grace_s = Seconds(spec.grace),
             .session_s = Seconds(spec.session) + Seconds(spec.session) / 4},
      raffle_(event != nullptr && event->raffle) {
  for (const conf::Bypass& bypass : spec.bypass) {
    Way& way = bypass_.emplace_back();
    conf::Config config;
    conf::Route& route = config.routes.emplace_back();
    route.name = "bypass";
    route.match = bypass.match;
    route.respond.emplace();
    way.to = std::make_unique<const route::Router>(config);
    for (const std::string& range : bypass.address) {
      if (const auto cidr = Cidr::Parse(range)) way.from.push_back(*cidr);
    }
  }
}

bool Doorkeeper::Bypasses(const http::RequestHead& head, const ClientIdentity& client) const {
  return std::any_of(bypass_.begin(), bypass_.end(), [&](const Way& way) {
    const auto contains = [&](const Cidr& range) { return range.Contains(client.ip); };
    return (way.from.empty() || std::any_of(way.from.begin(), way.from.end(), contains)) &&
           way.to->Find(head) != nullptr;
  });
}

Doorkeeper::Visit Doorkeeper::Receive(const http::Fields& request, absl::FunctionRef<bool()> open,
                                      uint64_t random, TimePoint now) const {
  const auto text = http::FindCookie(request, cookie_);
  const auto now_s = static_cast<uint32_t>(room_->At(now) / ratelimit::kSecond);
  const ratelimit::TicketReading shown =
      text ? ratelimit::ReadTicket(*text, terms_, *signer_, now_s) : ratelimit::TicketReading();
  if (!shown.good()) room_->NoteFault(shown.fault);
  const Room::Rule::Answer answer =
      room_->Come(shown.good() ? &shown.ticket : nullptr, open, random, now);
  Visit visit;
  visit.outcome = answer.outcome;
  visit.ticket = answer.ticket;
  if (visit.ticket) visit.ticket->room = terms_.room;
  if (answer.outcome == Outcome::kInside || answer.outcome == Outcome::kEnters) {
    visit.id = answer.ticket ? answer.ticket->id : shown.ticket.id;
    return visit;
  }
  visit.view = ViewOf(answer);
  visit.view.now = room_->WallAt(room_->At(now));
  visit.view.message = spec_.message;
  if (visit.view.state == WaitingView::State::kFull) return visit;
  if (const std::optional<WallTime> start = room_->gathers_until(); start > visit.view.now) {
    visit.view.state = WaitingView::State::kPrequeue;
    visit.view.event_start = start;
    visit.view.raffle = raffle_;
    if (raffle_) visit.view.position = visit.view.ahead = 0;
  } else if (room_->closed()) {
    visit.view.state = WaitingView::State::kPaused;
  }
  return visit;
}

void Doorkeeper::Give(http::Fields& answer, const Ticket& ticket, bool secure) const {
  Arena& arena = answer.arena();
  const ratelimit::TicketText text = ratelimit::WriteTicket(ticket, *signer_);
  answer.Add("Set-Cookie", arena.Concat({cookie_, "=", std::string_view(text.data(), text.size()),
                                         "; Path=/; Max-Age=", arena.Decimal(Lasts(terms_, ticket)),
                                         "; HttpOnly; SameSite=Lax", secure ? "; Secure" : ""}));
}

void Doorkeeper::TakeAway(http::Fields& answer, bool secure) const {
  answer.Add("Set-Cookie",
             answer.arena().Concat({cookie_, "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
                                    secure ? "; Secure" : ""}));
}

void Doorkeeper::Filter(http::Fields& answer) const {
  answer.RemoveIf([&](const http::Field& field) { return http::SetsCookie(field, cookie_); });
}

}  // namespace sluice::admission
