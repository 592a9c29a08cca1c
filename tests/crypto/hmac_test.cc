#include "proxy/crypto/hmac.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sluice::crypto {
namespace {

std::string HexOf(const Hmac& hmac, std::string_view text) {
  const Sha256Digest digest = hmac.Of({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  return Hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(HmacTest, SignsAsInThePublishedExamples) {
  // RFC 4231 sections 4.2, 4.3 and 4.7: a key shorter than a block, a short one, a longer one.
  EXPECT_EQ(HexOf(Hmac(std::string(20, '\x0b')), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexOf(Hmac("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HexOf(Hmac(std::string(131, '\xaa')),
                  "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacTest, WhatWasSignedBeforeChangesNothing) {
  const Hmac hmac("Jefe");
  for (int i = 0; i < 3; ++i) {
    HexOf(hmac, std::string(100, 'x'));
    EXPECT_EQ(HexOf(hmac, "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

TEST(HmacTest, SignsForManyThreadsAtOnce) {
  const Hmac hmac("a key");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&hmac, &wrong, t] {
      const std::string text(static_cast<size_t>(10 + t), 't');
      const Sha256Digest expected = HmacSha256("a key", text);
      for (int i = 0; i < 2000; ++i) {
        if (hmac.Of({reinterpret_cast<const uint8_t*>(text.data()), text.size()}) != expected) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sluice::crypto
