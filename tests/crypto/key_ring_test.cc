#include "proxy/crypto/key_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "absl/strings/str_format.h"
#include "proxy/crypto/digest.h"
#include "ratelimit/ticket.h"

namespace sluice::crypto {
namespace {

using Match = KeyRing::Match;

const std::string kOld = "an old key, of thirty-two bytes..";
const std::string kNew = "a new key, of thirty-two bytes....";

KeyRing Ring(const std::string& lines) {
  absl::StatusOr<KeyRing> ring = KeyRing::Of(lines);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *std::move(ring);
}

// Two keys that are found by the same byte.
std::pair<std::string, std::string> Namesakes() {
  std::map<uint8_t, std::string> seen;
  for (int i = 0;; ++i) {
    const std::string key = absl::StrFormat("%032d", i);
    const auto [at, fresh] = seen.emplace(Ring(key).key_id(), key);
    if (!fresh) return {at->second, key};
  }
}

class KeyRingTest : public testing::Test {
 protected:
  std::string Write(const KeyRing& ring) const {
    const ratelimit::TicketText text = ratelimit::WriteTicket(ticket_, ring);
    return {text.data(), text.size()};
  }
  ratelimit::TicketFault Read(const std::string& text, const KeyRing& ring) const {
    return ratelimit::ReadTicket(text, {.room = 7, .grace_s = 60}, ring, 1000).fault;
  }

  const ratelimit::Ticket ticket_{.room = 7, .id = 1, .order = 2, .issued_s = 1000};
  const std::array<uint8_t, 5> bytes_{'b', 'y', 't', 'e', 's'};
};

TEST_F(KeyRingTest, ItsTagIsTheBeginningOfHmacSha256) {
  const KeyRing::Tag tag = Ring(kOld).Sign(bytes_);
  const Sha256Digest whole = HmacSha256(kOld, "bytes");
  EXPECT_TRUE(std::equal(tag.begin(), tag.end(), whole.begin()));
}

TEST_F(KeyRingTest, TheSameKeyTellsTheSameInAnotherProcess) {
  EXPECT_EQ(Write(Ring(kOld)), Write(Ring(kOld + "\r\n\n")));
  EXPECT_EQ(Read(Write(Ring(kOld)), Ring(kOld)), ratelimit::TicketFault::kNone);
}

TEST_F(KeyRingTest, EveryBitOfATagCounts) {
  const KeyRing ring = Ring(kOld);
  const KeyRing::Tag tag = ring.Sign(bytes_);
  EXPECT_EQ(ring.Check(ring.key_id(), bytes_, tag), Match::kOurs);
  for (size_t bit = 0; bit < tag.size() * 8; ++bit) {
    KeyRing::Tag other = tag;
    other[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_EQ(ring.Check(ring.key_id(), bytes_, other), Match::kForged) << bit;
  }
}

TEST_F(KeyRingTest, KeysExchangedInTheMiddleOfASaleTakeNobodysPlace) {
  ASSERT_NE(Ring(kOld).key_id(), Ring(kNew).key_id());
  const std::string before = Write(Ring(kOld));
  const KeyRing both = Ring(kNew + "\n" + kOld);
  EXPECT_EQ(Read(before, both), ratelimit::TicketFault::kNone);
  EXPECT_EQ(Write(both), Write(Ring(kNew)));
  EXPECT_EQ(Read(Write(both), Ring(kNew)), ratelimit::TicketFault::kNone);
  EXPECT_EQ(Read(before, Ring(kNew)), ratelimit::TicketFault::kKey);
}

TEST_F(KeyRingTest, OfTwoKeysWithOneNameBothAreTried) {
  const auto [first, second] = Namesakes();
  const KeyRing both = Ring(first + "\n" + second);
  EXPECT_EQ(Read(Write(Ring(first)), both), ratelimit::TicketFault::kNone);
  EXPECT_EQ(Read(Write(Ring(second)), both), ratelimit::TicketFault::kNone);
  EXPECT_EQ(Read(Write(Ring(second)), Ring(first)), ratelimit::TicketFault::kSignature);
}

TEST_F(KeyRingTest, AKeyMadeAtRandomIsLongEnoughAndNoOtherLikeIt) {
  const std::string line = KeyRing::MakeLine();
  EXPECT_EQ(line.size(), 43u);
  EXPECT_NE(line, KeyRing::MakeLine());
  EXPECT_EQ(Read(Write(Ring(line)), Ring(line + "\n")), ratelimit::TicketFault::kNone);
}

TEST_F(KeyRingTest, KeysThatAreNoneAreToldWithoutTellingThem) {
  EXPECT_FALSE(KeyRing::Of("\n").ok());
  const absl::Status too_short = KeyRing::Of("only a password").status();
  EXPECT_FALSE(too_short.ok());
  EXPECT_EQ(too_short.ToString().find("password"), std::string::npos);
  std::string many;
  for (int i = 0; i < 9; ++i) many += kOld + "\n";
  EXPECT_FALSE(KeyRing::Of(many).ok());
}

}  // namespace
}  // namespace sluice::crypto
