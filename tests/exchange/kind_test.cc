#include "proxy/exchange/kind.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::exchange {
namespace {

using http::Method;

TEST(KindTest, PagesOfOneSortAreOneKind) {
  EXPECT_EQ(KindOf("shop", Method::kGet, "/product/7"), KindOf("shop", Method::kGet, "/product/8"));
  EXPECT_EQ(KindOf("shop", Method::kGet, "/product"), KindOf("shop", Method::kGet, "/product/8"));
}

TEST(KindTest, RoutesMethodsAndFirstPartsAreToldApart) {
  const uint64_t kind = KindOf("shop", Method::kGet, "/cart");
  EXPECT_NE(kind, KindOf("api", Method::kGet, "/cart"));
  EXPECT_NE(kind, KindOf("shop", Method::kPost, "/cart"));
  EXPECT_NE(kind, KindOf("shop", Method::kGet, "/checkout"));
  EXPECT_NE(kind, KindOf("shop", Method::kGet, "/"));
}

TEST(KindTest, OfALongPathTheBeginningCounts) {
  const std::string path = "/" + std::string(10'000, 'a');
  EXPECT_EQ(KindOf("shop", Method::kGet, path), KindOf("shop", Method::kGet, path + "b"));
  EXPECT_EQ(KindOf("shop", Method::kGet, ""), KindOf("shop", Method::kGet, ""));
}

}  // namespace
}  // namespace sluice::exchange
