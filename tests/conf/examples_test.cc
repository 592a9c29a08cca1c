// Every file of conf/examples loads, with nothing but what its own comments ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "conf/lint.h"
#include "conf/loader.h"

namespace sluice::conf {
namespace {

const std::filesystem::path kExamples = SLUICE_SOURCE_DIR "/conf/examples";

absl::StatusOr<std::string> ReadFile(std::string_view path) {
  std::ifstream file{std::string(path)};
  if (!file) return absl::NotFoundError("no such file");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<std::string> Environment(std::string_view name) {
  if (name == "WEB_SERVER") return "10.0.0.11";
  if (name == "PARTNER_TOKEN") return "token";
  if (name == "HEALTH_WORD") return "word";
  return std::nullopt;
}

Config LoadExample(std::string_view name) {
  Loaded loaded = Load((kExamples / name).string(), {ReadFile, Environment});
  if (auto* config = std::get_if<Config>(&loaded)) return std::move(*config);
  for (const Error& error : std::get<std::vector<Error>>(loaded)) ADD_FAILURE() << error.ToString();
  return {};
}

TEST(ExamplesTest, TheSmallestOneNeedsNoRoute) {
  const Config config = LoadExample("smallest.toml");
  EXPECT_EQ(config.listeners.size(), 1u);
  ASSERT_EQ(config.routes.size(), 1u);
  EXPECT_EQ(config.routes[0].pool, "web");
}

TEST(ExamplesTest, TheShopHasAllOfItsParts) {
  const Config config = LoadExample("shop.toml");
  EXPECT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.pools.size(), 4u);
  EXPECT_EQ(config.routes.size(), 9u);
  EXPECT_TRUE(config.pools[2].tls.has_value());
  ASSERT_EQ(config.answers.size(), 1u);
  EXPECT_NE(config.answers[0].html.find("{request_id}"), std::string::npos);
}

TEST(ExamplesTest, TheSaleIsTwoEventsOfOneRoomAndLeavesTheImprintOpen) {
  using namespace std::chrono;
  const Config config = LoadExample("sale.toml");
  ASSERT_EQ(config.waiting_rooms.size(), 1u);
  EXPECT_EQ(config.waiting_rooms[0].bypass.size(), 4u);
  ASSERT_EQ(config.events.size(), 2u);
  EXPECT_EQ(config.events[0].start, sys_days(2026y / 11 / 27) + 9h);
  EXPECT_TRUE(config.events[0].raffle);
  ASSERT_EQ(config.routes.size(), 4u);
  EXPECT_TRUE(config.routes[0].ends_session);
  EXPECT_EQ(config.routes[2].waiting_room, "");
  EXPECT_THAT(Lint(config, config.events[0].start), testing::IsEmpty());
}

TEST(ExamplesTest, TheSplitOneTakesItsSecretsFromTheEnvironment) {
  const Config config = LoadExample("split/sluice.toml");
  EXPECT_EQ(config.listeners[0].address, "127.0.0.1:8080");
  EXPECT_EQ(config.pools[0].servers[0].address, "10.0.0.11:8000");
  ASSERT_EQ(config.routes.size(), 2u);
  EXPECT_EQ(config.routes[1].request_headers.set[0].second, "Bearer token");
}

TEST(ExamplesTest, NoExampleIsLeftUntested) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kExamples)) {
    files += entry.path().extension() == ".toml" ? 1 : 0;
  }
  EXPECT_EQ(files, 6u) << "a new example needs a test above";
}

}  // namespace
}  // namespace sluice::conf
