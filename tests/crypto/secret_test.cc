#include "proxy/crypto/secret.h"

#include <gtest/gtest.h>

namespace sluice::crypto {
namespace {

TEST(SecretTest, OnlyTheSameBytesAreTheSame) {
  EXPECT_TRUE(SameSecret("", ""));
  EXPECT_TRUE(SameSecret("open sesame", "open sesame"));
  EXPECT_FALSE(SameSecret("open sesame", "open sesamf"));
  EXPECT_FALSE(SameSecret("open sesame", "pen sesame"));
  EXPECT_FALSE(SameSecret("open sesame", "open sesame "));
  EXPECT_FALSE(SameSecret("open sesame", ""));
}

}  // namespace
}  // namespace sluice::crypto
