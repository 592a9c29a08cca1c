// What operators are told to write is what sluice reads.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "proxy/demo/demo_config.h"
#include "proxy/server/config_file.h"

namespace sluice {

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void ExpectGood(const std::string& name, const std::string& text) {
  const auto config = server::ReadConfigText(name, text);
  EXPECT_TRUE(config.ok()) << config.status();
}

// What shows a part of one is read with what else has to be there.
std::string Whole(const std::string& text) {
  const auto shows = [&](const char* title) { return text.find(title) != std::string::npos; };
  if (shows("[[listener]]")) return text;
  std::string whole = "[[listener]]\naddress = \"127.0.0.1:0\"\n\n" + text;
  if (!shows("[[pool]]")) whole += "\n[[pool]]\nname = \"web\"\nservers = [\"10.0.0.11:8000\"]\n";
  if (!shows("[[route]]")) whole += "\n[[route]]\npool = \"web\"\n";
  return whole;
}

}  // namespace

TEST(Docs, EveryConfigurationInTheReadmeAndTheRunbookIsGood) {
  for (const std::string file : {"README.md", "docs/runbook-sale.md"}) {
    const std::string text = ReadFile(file);
    int found = 0;
    for (size_t at = 0; (at = text.find("```toml\n", at)) != std::string::npos; ++found) {
      at = text.find('\n', at) + 1;
      const size_t end = text.find("```", at);
      ASSERT_NE(end, std::string::npos);
      ExpectGood(file, Whole(text.substr(at, end - at)));
    }
    EXPECT_GE(found, 1) << file;
  }
}

TEST(Docs, TheConfigurationForSystemdIsGood) {
  const std::string text = ReadFile("packaging/sluice.toml");
  ASSERT_FALSE(text.empty());
  ExpectGood("sluice.toml", text);
}

TEST(Docs, TheDemosConfigurationIsGood) {
  const std::vector<Address> servers = {*Address::Parse("127.0.0.1:8000")};
  ExpectGood("demo", demo::DemoConfig(8080, 9900, servers));
  for (const demo::SaleGuard guard :
       {demo::SaleGuard::kNothing, demo::SaleGuard::kLimits, demo::SaleGuard::kRoom}) {
    ExpectGood("sale", demo::SaleConfig(8080, 9900, servers, guard));
  }
  const demo::SaleEvent event{.start = WallTime(std::chrono::hours(500'000)),
                              .prequeue = std::chrono::seconds(20)};
  const std::string text = demo::SaleConfig(8080, 9900, servers, demo::SaleGuard::kRoom, event);
  ExpectGood("sale", text);
  EXPECT_NE(text.find("start = 2027-01-15T08:00:00Z\n"), std::string::npos) << text;
}

}  // namespace sluice
