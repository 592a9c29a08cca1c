#include "proxy/route/template.h"

#include <gtest/gtest.h>

namespace sluice::route {
namespace {

const TemplateValues kValues{.client_ip = "192.0.2.1",
                             .host = "shop.example",
                             .path = "/a",
                             .query = "?b=c",
                             .request_id = "id",
                             .scheme = "https",
                             .status = "503",
                             .reason = "Service Unavailable",
                             .why = "because"};

std::string Fill(std::string_view text) {
  Arena arena;
  return std::string(Template(text).Expand(kValues, nullptr, arena));
}

TEST(TemplateTest, NamesAreReplacedByTheirValues) {
  EXPECT_EQ(Fill("{scheme}://{host}{path}{query}"), "https://shop.example/a?b=c");
  EXPECT_EQ(Fill("[{client_ip}|{request_id}]"), "[192.0.2.1|id]");
  EXPECT_EQ(Fill("{status} {reason}: {why}"), "503 Service Unavailable: because");
}

TEST(TemplateTest, BracesThatNameNothingArePlainText) {
  EXPECT_EQ(Fill("body{margin:0}{path}{unknown}{"), "body{margin:0}/a{unknown}{");
  EXPECT_EQ(Fill("{{path}}"), "{/a}");
  EXPECT_EQ(Fill(""), "");
}

TEST(TemplateTest, ATextWithoutNamesIsConstant) {
  EXPECT_TRUE(Template("plain {text}").constant());
  EXPECT_TRUE(Template().constant());
  EXPECT_FALSE(Template("{path}").constant());
  EXPECT_FALSE(Template("x{path}").constant());
}

TEST(TemplateTest, KnowsWhichValuesItNeeds) {
  const Template redirect("https://{host}/");
  EXPECT_TRUE(redirect.uses(&TemplateValues::host));
  EXPECT_FALSE(redirect.uses(&TemplateValues::path));
}

TEST(TemplateTest, OnlyValuesAreEscaped) {
  const auto loud = [](std::string_view value, Arena& arena) { return arena.Concat({value, "!"}); };
  Arena arena;
  EXPECT_EQ(Template("<{path}>").Expand(kValues, loud, arena), "</a!>");
}

TEST(TemplateTest, ValuesAreNotReadForNamesAgain) {
  TemplateValues values;
  values.path = "{host}";
  values.host = "shop.example";
  Arena arena;
  EXPECT_EQ(Template("{path}").Expand(values, nullptr, arena), "{host}");
}

}  // namespace
}  // namespace sluice::route
