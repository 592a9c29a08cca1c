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

TEST(SecretTest, SecretsComeOneALineAndShortOnesAreNone) {
  const std::string long_enough(32, 's');
  const auto secrets = SecretsOf(long_enough + "\r\n\n" + long_enough + " t");
  EXPECT_EQ(secrets, (std::vector<std::string>{long_enough, long_enough + " t"}));
  EXPECT_EQ(WhatIsWrongWith(secrets), "");
  EXPECT_NE(WhatIsWrongWith({}), "");
  EXPECT_NE(WhatIsWrongWith({long_enough, std::string(31, 's')}), "");
  EXPECT_NE(WhatIsWrongWith(std::vector<std::string>(9, long_enough)), "");
}

}  // namespace
}  // namespace sluice::crypto
