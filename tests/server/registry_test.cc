#include "proxy/server/registry.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

const Address kOne = *Address::Parse("10.0.0.1:80");
const Address kTwo = *Address::Parse("10.0.0.2:80");

TEST(RegistryTest, AServerNamedAgainIsTheSameOne) {
  Registry registry(1);
  registry.BeginView();
  const auto first = registry.ServerOf("web", "10.0.0.1:80", kOne);
  registry.EndView();
  registry.BeginView();
  EXPECT_EQ(registry.ServerOf("web", "10.0.0.1:80", kOne), first);
  registry.EndView();
}

TEST(RegistryTest, PoolNameAndAddressTellServersApart) {
  Registry registry(1);
  registry.BeginView();
  const auto first = registry.ServerOf("web", "name:80", kOne);
  EXPECT_NE(registry.ServerOf("web", "name:80", kTwo), first);
  EXPECT_NE(registry.ServerOf("api", "name:80", kOne), first);
  EXPECT_NE(registry.ServerOf("web", "other:80", kOne), first);
}

TEST(RegistryTest, WhatAViewDoesNotNameIsForgottenWhenItsLastUserIsGone) {
  Registry registry(1);
  registry.BeginView();
  std::shared_ptr<upstream::Server> used = registry.ServerOf("web", "a", kOne);
  const std::weak_ptr<exchange::RouteCounters> route = registry.RouteOf("shop");
  registry.EndView();
  EXPECT_FALSE(route.expired());
  registry.BeginView();
  registry.EndView();
  EXPECT_TRUE(route.expired());
  const std::weak_ptr<upstream::Server> watched = used;
  EXPECT_FALSE(watched.expired()) << "an exchange may still be on it";
  used.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(RegistryTest, CountersOfARouteOutliveTheViewThatMadeThem) {
  Registry registry(2);
  registry.BeginView();
  const auto first = registry.RouteOf("shop");
  registry.EndView();
  registry.BeginView();
  EXPECT_EQ(registry.RouteOf("shop"), first);
  EXPECT_NE(registry.RouteOf("other"), first);
}

}  // namespace
}  // namespace sluice::server
