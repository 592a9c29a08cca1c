#include "proxy/admission/doorkeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "proxy/crypto/key_ring.h"
#include "tests/admission/asking.h"

namespace sluice::admission {
namespace {

using namespace std::chrono_literals;
using Outcome = Room::Rule::Outcome;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr TimePoint kNow{1h};
constexpr WallTime kWall{1'800'000'000s};

class DoorkeeperTest : public testing::Test {
 protected:
  DoorkeeperTest() {
    spec_.name = "sale";
    spec_.max_active = 1;
  }

  Doorkeeper Make(const conf::Event* event = nullptr) {
    room_->SetSpec(RoomSpecOf(spec_));
    return Doorkeeper(spec_, room_, signer_,
                      std::make_shared<const WaitingPage>(*WaitingPage::Make(spec_)), event);
  }
  static Doorkeeper::Visit Come(const Doorkeeper& keeper, std::string cookies = "") {
    Asking asking;
    if (!cookies.empty()) asking.Says("Cookie", std::move(cookies));
    return keeper.Receive(
        asking.head.fields, [] { return true; }, ++id_, kNow);
  }
  // What a browser keeps of the visit.
  static std::string CookieOf(const Doorkeeper& keeper, const Doorkeeper::Visit& visit) {
    Arena arena;
    http::Fields answer(arena);
    keeper.Give(answer, *visit.ticket, false);
    const std::string_view set = answer.begin()->value;
    return std::string(set.substr(0, set.find(';')));
  }
  static conf::Bypass From(const char* range) {
    conf::Bypass bypass;
    bypass.address = {range};
    return bypass;
  }

  static inline uint64_t id_ = 0;
  conf::WaitingRoom spec_;
  std::shared_ptr<Room> room_ = std::make_shared<Room>("sale", kNow, kWall);
  std::shared_ptr<const crypto::KeyRing> signer_ =
      std::make_shared<const crypto::KeyRing>(*crypto::KeyRing::Of(crypto::KeyRing::MakeLine()));
};

TEST_F(DoorkeeperTest, ATicketThatIsShownIsThatOfItsVisitor) {
  const Doorkeeper keeper = Make();
  const Doorkeeper::Visit first = Come(keeper);
  EXPECT_EQ(first.outcome, Outcome::kEnters);
  const Doorkeeper::Visit again = Come(keeper, "a=b; " + CookieOf(keeper, first) + "; c=d");
  EXPECT_EQ(again.outcome, Outcome::kInside);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(Come(keeper, "x" + CookieOf(keeper, first)).outcome, Outcome::kWaits)
      << "a cookie of another name";
}

TEST_F(DoorkeeperTest, CookiesLastAsLongAsTheirTicketsAndAreSecureWhereTheConnectionIs) {
  spec_.session = 8min;
  spec_.grace = 90s;
  const Doorkeeper keeper = Make();
  Asking asking;
  http::Fields answer(asking.arena);
  keeper.Give(answer, {.kind = ratelimit::Ticket::Kind::kActive}, true);
  keeper.Give(answer, {.kind = ratelimit::Ticket::Kind::kWaiting, .due_s = 10}, false);
  keeper.TakeAway(answer, true);
  ASSERT_EQ(answer.size(), 3u);
  const http::Field* const set = answer.begin();
  EXPECT_THAT(set[0].value, StartsWith("__sluice_sale="));
  EXPECT_THAT(set[0].value, EndsWith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"));
  EXPECT_THAT(set[1].value, EndsWith("; Path=/; Max-Age=100; HttpOnly; SameSite=Lax"));
  EXPECT_EQ(set[2].value, "__sluice_sale=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
}

TEST_F(DoorkeeperTest, OnlyTheCookieOfThisNameIsFiltered) {
  const Doorkeeper keeper = Make();
  Asking asking;
  http::Fields answer(asking.arena);
  answer.Add("Set-Cookie", "__sluice_sale=theirs; Path=/");
  answer.Add("set-cookie", "__sluice_sale=again");
  answer.Add("Set-Cookie", "__sluice_sale2=another's");
  answer.Add("X-Cookie", "__sluice_sale=x");
  keeper.Filter(answer);
  EXPECT_EQ(answer.size(), 2u);
}

TEST_F(DoorkeeperTest, ABypassIsForThoseOfWhomAllOfItIsTrue) {
  spec_.bypass = {From("10.0.0.0/8")};
  spec_.bypass[0].match.path_prefix = "/static";
  const Doorkeeper keeper = Make();
  Asking asking;
  const auto bypasses = [&](std::string_view ip, std::string_view path) {
    asking.From(ip);
    asking.head.path = path;
    return keeper.Bypasses(asking.head, asking.client);
  };
  EXPECT_TRUE(bypasses("10.1.2.3", "/static/a.css"));
  EXPECT_FALSE(bypasses("10.1.2.3", "/"));
  EXPECT_FALSE(bypasses("203.0.113.7", "/static/a.css"));
  EXPECT_FALSE(bypasses("10.1.2.3", "/staticky"));
}

TEST_F(DoorkeeperTest, WhoWaitsIsToldHisPlaceAndTheMessage) {
  spec_.message = "Sizes 38 are gone";
  const Doorkeeper keeper = Make();
  Come(keeper);
  const Doorkeeper::Visit visit = Come(keeper);
  EXPECT_EQ(visit.outcome, Outcome::kWaits);
  EXPECT_EQ(visit.view.state, WaitingView::State::kWaiting);
  EXPECT_EQ(visit.view.position, 1u);
  EXPECT_EQ(visit.view.message, "Sizes 38 are gone");
  EXPECT_GE(visit.view.poll, 1s);
  EXPECT_TRUE(visit.ticket.has_value());
}

TEST_F(DoorkeeperTest, BeforeAnEventTheCountdownIsToldAndWithARaffleNoPlace) {
  conf::Event event;
  event.raffle = true;
  const Doorkeeper keeper = Make(&event);
  room_->Gather(kWall + 5min);
  const Doorkeeper::Visit visit = Come(keeper);
  EXPECT_EQ(visit.view.state, WaitingView::State::kPrequeue);
  EXPECT_EQ(visit.view.event_start, kWall + 5min);
  EXPECT_EQ(visit.view.position, 0u);
  EXPECT_TRUE(visit.view.raffle);
}

TEST_F(DoorkeeperTest, WhileNobodyIsLetInTheWaitIsUnknown) {
  const Doorkeeper keeper = Make();
  room_->Close(true);
  const Doorkeeper::Visit visit = Come(keeper);
  EXPECT_EQ(visit.view.state, WaitingView::State::kPaused);
  EXPECT_FALSE(visit.view.most.has_value());
}

TEST_F(DoorkeeperTest, AFullRoomGivesNoTicket) {
  spec_.max_waiting = 1;
  const Doorkeeper keeper = Make();
  Come(keeper);
  Come(keeper);
  const Doorkeeper::Visit visit = Come(keeper);
  EXPECT_EQ(visit.outcome, Outcome::kFull);
  EXPECT_EQ(visit.view.state, WaitingView::State::kFull);
  EXPECT_FALSE(visit.ticket.has_value());
  EXPECT_EQ(room_->faults(ratelimit::TicketFault::kAbsent), 3u);
}

}  // namespace
}  // namespace sluice::admission
