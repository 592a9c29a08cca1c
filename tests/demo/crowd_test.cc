// Shoppers of a sale against servers that do what a script says, in scaled times.
#include "proxy/demo/crowd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/support/flow/origin.h"
#include "tests/support/loop_fixture.h"

namespace sluice::demo {

namespace {

using test::Origin;
using test::Wire;
using namespace std::chrono_literals;

// A page of the shop, and an answer that is none.
std::string Page(std::string_view more_fields = "") {
  return test::Ok("page", "X-Server: web-1\r\n" + std::string(more_fields));
}
std::string Status(std::string_view status, std::string_view more_fields = "") {
  return absl::StrFormat("HTTP/1.1 %s\r\nContent-Length: 0\r\n%s\r\n", status, more_fields);
}

constexpr std::string_view kCut = "cut", kSilence = "silence", kLate = "late";

class CrowdTest : public net::LoopTest {
 protected:
  CrowdTest() {
    options_.think_time = 1ms;
    // What a test does not time must not come out late on a slow machine.
    options_.page_patience = 10s;
    options_.slow_page = 10s;
  }

  // One shopper goes through a shop that answers the n-th request with the n-th text, from the last
  // on always with that.
  Outcome Go(std::vector<std::string> answers) {
    Origin shop([&answers](Wire& wire, Origin& origin, uint32_t) {
      while (origin.Take(wire)) {
        const size_t number = origin.requests().size() - 1;
        const std::string& answer = answers[std::min(number, answers.size() - 1)];
        if (answer == kCut) return;
        if (answer == kSilence) continue;
        if (answer == kLate) std::this_thread::sleep_for(60ms);
        wire.Send(answer == kLate ? Page() : answer);
      }
    });
    options_.shop = *Address::Parse(shop.address());
    const Outcome outcome = Visit();
    requests_ = shop.requests();
    accepted_ = shop.accepted();
    return outcome;
  }
  Outcome Visit() {
    Crowd crowd(loop_, options_);
    crowd.Come(0);
    EXPECT_EQ(crowd.inside(), 1u);
    RunUntil([&] { return crowd.inside() == 0; });
    EXPECT_EQ(crowd.asking(), 0u);
    counts_ = crowd.counts();
    EXPECT_EQ(crowd.outcomes().size(), 1u);
    return crowd.outcomes().front();
  }

  CrowdOptions options_;
  CrowdCounts counts_;
  std::vector<test::Message> requests_;
  uint32_t accepted_ = 0;
};

}  // namespace

TEST_F(CrowdTest, AShopperBuysInFourPagesOnOneConnection) {
  const Outcome outcome = Go({Page()});
  EXPECT_TRUE(outcome.bought);
  EXPECT_FALSE(outcome.affected());
  EXPECT_EQ(outcome.at, Step::kCheckout);
  ASSERT_EQ(requests_.size(), 4u);
  EXPECT_EQ(requests_[0].start, "GET / HTTP/1.1");
  EXPECT_THAT(requests_[1].target(), testing::StartsWith("/product/"));
  const std::string product = requests_[1].target().substr(9);
  EXPECT_EQ(requests_[2].start, "POST /cart HTTP/1.1");
  EXPECT_EQ(requests_[2].body, "add=" + product);
  EXPECT_EQ(requests_[3].start, "POST /checkout HTTP/1.1");
  EXPECT_EQ(requests_[3].Value("X-Forwarded-For"), "10.0.0.1");
  EXPECT_EQ(accepted_, 1u);
  EXPECT_THAT(counts_.pages, testing::Each(1u));
}

TEST_F(CrowdTest, CookiesAreKeptAndTheLatestCounts) {
  Go({Page("Set-Cookie: a=1\r\n"), Page("Set-Cookie: a=2; Path=/\r\nSet-Cookie: b=3\r\n"),
      Page("Set-Cookie: a=; Max-Age=0\r\n"), Page()});
  ASSERT_EQ(requests_.size(), 4u);
  EXPECT_EQ(requests_[0].Value("Cookie"), "");
  EXPECT_EQ(requests_[1].Value("Cookie"), "a=1");
  EXPECT_EQ(requests_[2].Value("Cookie"), "a=2; b=3");
  EXPECT_EQ(requests_[3].Value("Cookie"), "b=3");
}

TEST_F(CrowdTest, APageThatDoesNotComeIsGivenUpAndTriedTwiceAgain) {
  options_.page_patience = 30ms;
  options_.slow_page = 20ms;
  const Outcome outcome = Go({std::string(kSilence)});
  EXPECT_TRUE(outcome.gave_up);
  EXPECT_TRUE(outcome.waited);
  EXPECT_FALSE(outcome.saw_error);
  EXPECT_EQ(outcome.at, Step::kHome);
  EXPECT_GE(outcome.went - outcome.came, 90ms);
  EXPECT_EQ(counts_.left, 3u);
  EXPECT_EQ(accepted_, 3u) << "each time on a connection of its own";
}

TEST_F(CrowdTest, TriesAreCountedForEachPage) {
  const std::string error = Status("500 Internal Server Error");
  const Outcome outcome = Go({error, error, Page(), error, error, Page()});
  EXPECT_TRUE(outcome.bought);
  EXPECT_TRUE(outcome.saw_error);
  EXPECT_TRUE(outcome.affected());
  EXPECT_EQ(counts_.errors, 4u);
}

TEST_F(CrowdTest, WhoIsToldWhenToComeBackDoesAndIsNotAffected) {
  options_.retries = 0;
  options_.slow_page = 500ms;
  const Outcome outcome = Go({Status("503 Service Unavailable", "Retry-After: 1\r\n"), Page()});
  EXPECT_TRUE(outcome.bought);
  EXPECT_FALSE(outcome.affected());
  EXPECT_EQ(outcome.told, 1s);
  EXPECT_GE(outcome.went - outcome.came, 1s);
  EXPECT_EQ(counts_.told, 1u);
  EXPECT_TRUE(outcome.lined_up);
  EXPECT_EQ(outcome.longest_told, 1s);
  EXPECT_GE(outcome.first_page - outcome.came, 1s);
  EXPECT_EQ(counts_.let_in, 1u);
  EXPECT_EQ(counts_.let_in_after, outcome.first_page - outcome.came);
}

TEST_F(CrowdTest, AWaitBehindTheFirstPageIsNoLineBeforeTheShop) {
  const Outcome outcome =
      Go({Page(), Status("503 Service Unavailable", "Retry-After: 1\r\n"), Page()});
  EXPECT_EQ(outcome.told, 1s);
  EXPECT_FALSE(outcome.lined_up);
  EXPECT_EQ(counts_.let_in, 0u);
}

TEST_F(CrowdTest, WhoWaitsBeforeTheShopIsCountedUntilItLeaves) {
  options_.told_patience = 2s;
  Origin shop([](Wire& wire, Origin& origin, uint32_t) {
    while (origin.Take(wire)) wire.Send(test::Ok("in line", "Retry-After: 1\r\n"));
  });
  options_.shop = *Address::Parse(shop.address());
  Crowd crowd(loop_, options_);
  crowd.Come(0);
  RunUntil([&] { return crowd.counts().told == 2; });
  EXPECT_EQ(crowd.waiting(), 1u);
  RunUntil([&] { return crowd.inside() == 0; });
  EXPECT_EQ(crowd.waiting(), 0u);
  EXPECT_EQ(crowd.outcomes().front().first_page, TimePoint());
}

TEST_F(CrowdTest, ARefreshFromWhoeverStandsBeforeTheShopIsAWait) {
  options_.retries = 0;
  options_.slow_page = 500ms;
  const Outcome outcome = Go({test::Ok("in line", "Refresh: 1; url=/\r\n"), Page()});
  EXPECT_TRUE(outcome.bought);
  EXPECT_FALSE(outcome.affected());
  EXPECT_EQ(outcome.told, 1s);
}

TEST_F(CrowdTest, ARefreshInAPageOfTheShopIsNone) {
  const Outcome outcome = Go({Page("Refresh: 60\r\n")});
  EXPECT_TRUE(outcome.bought);
  EXPECT_EQ(outcome.told, 0s);
}

TEST_F(CrowdTest, WhoIsToldToWaitTooLongLeaves) {
  options_.told_patience = 4s;
  const Outcome outcome = Go({Status("429 Too Many Requests", "Retry-After: 5\r\n")});
  EXPECT_TRUE(outcome.gave_up);
  EXPECT_FALSE(outcome.saw_error);
  EXPECT_FALSE(outcome.waited);
  EXPECT_TRUE(outcome.affected());
  EXPECT_EQ(requests_.size(), 1u);
}

TEST_F(CrowdTest, APageThatIsNotOfTheShopIsAnError) {
  const Outcome outcome = Go({test::Ok("something else")});
  EXPECT_TRUE(outcome.gave_up);
  EXPECT_TRUE(outcome.saw_error);
  EXPECT_EQ(requests_.size(), 3u);
}

TEST_F(CrowdTest, ACutConnectionIsAnErrorUnlessItWasAnOldOne) {
  const Outcome affected = Go({std::string(kCut), Page()});
  EXPECT_TRUE(affected.bought);
  EXPECT_TRUE(affected.saw_error);
  const Outcome unseen = Go({Page(), std::string(kCut), Page()});
  EXPECT_TRUE(unseen.bought);
  EXPECT_FALSE(unseen.affected());
}

TEST_F(CrowdTest, WhoWaitsLongForAPageIsAffectedAndBuysAllTheSame) {
  options_.slow_page = 50ms;
  const Outcome outcome = Go({std::string(kLate), Page()});
  EXPECT_TRUE(outcome.bought);
  EXPECT_TRUE(outcome.waited);
  EXPECT_TRUE(outcome.affected());
  EXPECT_FALSE(outcome.saw_error);
}

TEST_F(CrowdTest, AConnectionThatEndsWithItsAnswerIsReplaced) {
  const Outcome outcome = Go({Page("Connection: close\r\n")});
  EXPECT_TRUE(outcome.bought);
  EXPECT_FALSE(outcome.affected());
  EXPECT_EQ(accepted_, 4u);
}

TEST_F(CrowdTest, AProgramNeitherWaitsNorKeepsCookies) {
  options_.bots = 1;
  const Outcome outcome =
      Go({Status("503 Service Unavailable", "Retry-After: 100\r\nSet-Cookie: a=1\r\n"), Page()});
  EXPECT_TRUE(outcome.bot);
  EXPECT_TRUE(outcome.saw_error);
  EXPECT_EQ(outcome.told, 0s);
  ASSERT_EQ(requests_.size(), 5u);
  EXPECT_EQ(requests_[1].Value("Cookie"), "");
}

TEST_F(CrowdTest, NobodyThereIsAnError) {
  {
    Origin gone("");
    options_.shop = *Address::Parse(gone.address());
  }
  const Outcome outcome = Visit();
  EXPECT_TRUE(outcome.gave_up);
  EXPECT_TRUE(outcome.saw_error);
  EXPECT_EQ(counts_.errors, 3u);
}

TEST_F(CrowdTest, WhoReloadsTakesACutConnectionForAWaitAndNotForAnError) {
  options_.reload_after = 50ms;
  options_.retries = 0;
  const Outcome outcome = Go({std::string(kCut), Page()});
  EXPECT_TRUE(outcome.bought);
  EXPECT_FALSE(outcome.affected());
  EXPECT_EQ(outcome.told, 50ms);
  EXPECT_FALSE(outcome.lined_up) << "nobody told it to wait for a place";
  EXPECT_EQ(counts_.reloads, 1u);
  EXPECT_EQ(counts_.errors, 0u);
}

TEST_F(CrowdTest, WhoReloadsWhereNobodyIsLeavesWhenItsPatienceIsOver) {
  {
    Origin gone("");
    options_.shop = *Address::Parse(gone.address());
  }
  options_.reload_after = 10ms;
  options_.told_patience = 50ms;
  EXPECT_TRUE(Visit().gave_up);
  EXPECT_EQ(counts_.reloads, 6u);
}

TEST_F(CrowdTest, WhoGetsALaterPlaceOrAnothersOrIsPutOutHasLostHis) {
  // "ticket=VISITOR PLACE", and "inside" behind it.
  options_.standing_of = [](std::string_view cookie) -> std::optional<Standing> {
    Standing standing;
    char inside = 0;
    if (std::sscanf(std::string(cookie).c_str(), "ticket=%lu %lu %c", &standing.visitor,
                    &standing.place, &inside) < 2) {
      return std::nullopt;
    }
    standing.inside = inside == 'i';
    return standing;
  };
  const auto lost = [&](std::string_view first, std::string_view second) {
    const auto page = [](std::string_view ticket) {
      return Page(absl::StrFormat("Set-Cookie: %s\r\n", ticket));
    };
    return Go({page(first), page(second), Page()}).lost_place;
  };
  EXPECT_FALSE(lost("ticket=1 7", "ticket=1 7"));
  EXPECT_FALSE(lost("ticket=1 7", "ticket=1 5"));
  EXPECT_FALSE(lost("ticket=1 7", "ticket=1 7 inside"));
  EXPECT_FALSE(lost("ticket=1 7 inside", "theme=dark"));
  EXPECT_TRUE(lost("ticket=1 7", "ticket=1 8"));
  EXPECT_TRUE(lost("ticket=1 7", "ticket=2 7"));
  EXPECT_TRUE(lost("ticket=1 7 inside", "ticket=1 7"));
}

TEST_F(CrowdTest, WhoIsInsideIsToldAsFarAsItWentAndTheRestIsKeptOut) {
  options_.slow_page = 5ms;
  options_.most_inside = 2;
  Origin shop([](Wire& wire, Origin& origin, uint32_t) {
    while (origin.Take(wire)) {
    }
  });
  options_.shop = *Address::Parse(shop.address());
  Crowd crowd(loop_, options_);
  for (int i = 0; i < 3; ++i) crowd.Come(1);
  RunFor(20ms);
  EXPECT_EQ(crowd.inside(1), 2u);
  EXPECT_EQ(crowd.inside(0), 0u);
  EXPECT_EQ(crowd.counts().kept_out, 1u);
  for (const Outcome& outcome : crowd.Inside()) {
    EXPECT_FALSE(outcome.bought || outcome.gave_up);
    EXPECT_TRUE(outcome.waited);
    EXPECT_EQ(outcome.wave, 1);
  }
}

}  // namespace sluice::demo
