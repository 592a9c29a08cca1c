#include "conf/server_list.h"

#include <gmock/gmock.h>

#include "absl/strings/str_format.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::HasSubstr;

// The servers of a list, or what is wrong with it.
std::string Read(std::string_view content) {
  const absl::StatusOr<ServerList> list = ParseServerList(content);
  if (!list.ok()) return std::string(list.status().message());
  std::string all;
  for (const Server& server : list->servers) {
    absl::StrAppendFormat(&all, "%s*%d%s ", server.address, server.weight,
                          server.backup ? " backup" : "");
  }
  return all;
}

TEST(ServerListTest, AServerIsALineWithAnAddressItsWeightAndWhetherItIsABackup) {
  EXPECT_EQ(Read("10.0.0.1:80\n\n# spare ones\n  b.test:81 weight=0 backup # cold\r\n"
                 "srv:_http._tcp.test\tweight=1000\nunix:/run/a.sock"),
            "10.0.0.1:80*1 b.test:81*0 backup srv:_http._tcp.test*1000 unix:/run/a.sock*1 ");
}

TEST(ServerListTest, WhatIsWrongIsSaidWithItsLine) {
  EXPECT_THAT(Read("a:1\n\nb"), HasSubstr("line 3: \"b\" has no port"));
  EXPECT_THAT(Read("a:1 wieght=2"), HasSubstr("line 1: \"wieght=2\" is not known"));
  for (const char* weight : {"", "-1", "1001", "1x", "99999999999"}) {
    EXPECT_THAT(Read(absl::StrFormat("a:1 weight=%s", weight)), HasSubstr("is not known"));
  }
  EXPECT_THAT(Read("a:1\nhttp://b:1"), HasSubstr("line 2: \"http://b:1\" is a URL"));
}

TEST(ServerListTest, ServersWithoutWeightOrNoneAtAllAreNoList) {
  EXPECT_EQ(Read(""), "it names no server");
  EXPECT_EQ(Read("# nothing\n\n"), "it names no server");
  EXPECT_EQ(Read("a:1 weight=0\nb:1 weight=0 backup\n"), "all its servers have weight 0");
}

TEST(ServerListTest, OfAServerThatIsThereTwiceTheFirstCountsAndTheSecondIsWarnedOf) {
  const auto list = ParseServerList("a:1 weight=2\nb:1\na:1 weight=3\n");
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->servers.size(), 2u);
  EXPECT_EQ(list->servers[0].weight, 2u);
  EXPECT_EQ(list->warning, "line 3: \"a:1\" is there already, at line 1, which counts");
}

TEST(ServerListTest, ItIsBounded) {
  std::string many;
  for (size_t i = 0; i < kMostServers; ++i) absl::StrAppendFormat(&many, "h%d:80\n", i);
  EXPECT_TRUE(ParseServerList(many).ok());
  EXPECT_EQ(Read(many + "one:80"), "line 10001: there may be 10000 servers");
  EXPECT_THAT(Read(std::string(kLargestServerList + 1, '#')), HasSubstr("larger than"));
}

class ServersTest : public Files {
 protected:
  Config InPool(std::string_view keys) {
    return Good(absl::StrFormat("%s[[pool]]\nname = \"web\"\n%s", kListener, keys));
  }
  std::string BadPool(std::string_view keys) {
    return Wrong(absl::StrFormat("%s[[pool]]\nname = \"web\"\n%s", kListener, keys));
  }
};

TEST_F(ServersTest, AFileMayTakeThePlaceOfServersOrStandBesideThem) {
  Write("servers.txt", "a:1\n");
  EXPECT_EQ(InPool("servers_file = \"servers.txt\"").pools[0].servers_file.content, "a:1\n");
  const Pool pool =
      InPool("servers = [{ address = \"b:1\", weight = 0 }]\nservers_file = \"servers.txt\"")
          .pools[0];
  ASSERT_EQ(pool.servers.size(), 2u);
  EXPECT_EQ(pool.servers[1].address, "a:1");
  EXPECT_TRUE(pool.servers[1].listed);
}

TEST_F(ServersTest, AFileThatIsWrongOrGoneIsAnError) {
  EXPECT_THAT(BadPool("servers_file = \"servers.txt\""), HasSubstr("cannot be read"));
  Write("servers.txt", "a:1\nb\n");
  EXPECT_THAT(BadPool("servers_file = \"servers.txt\""),
              HasSubstr("\"servers.txt\": line 2: \"b\" has no port"));
  Write("servers.txt", "");
  EXPECT_THAT(BadPool("servers_file = \"servers.txt\""), HasSubstr("names no server"));
}

TEST_F(ServersTest, AServerMayWeighNothingButNotAll) {
  EXPECT_EQ(
      InPool("servers = [{ address = \"a:1\", weight = 0 }, \"b:1\"]").pools[0].servers[0].weight,
      0u);
  EXPECT_THAT(BadPool("servers = [{ address = \"a:1\", weight = 0 }]"),
              HasSubstr("all servers of the pool have weight 0"));
}

TEST_F(ServersTest, AKeyHasAKnownForm) {
  const std::string pool = "servers = [\"a:1\"]\n";
  for (const char* by : {"client_ip", "path", "header:X-User", "cookie:id", "query:a b"}) {
    InPool(absl::StrFormat("%sstrategy = \"maglev\"\nhash = \"%s\"", pool, by));
  }
  for (const char* by : {"", "ip", "header:", "header:a b", "cookie", "query:", "body:x"}) {
    EXPECT_THAT(BadPool(absl::StrFormat("%sstrategy = \"maglev\"\nhash = \"%s\"", pool, by)),
                HasSubstr("is not \"client_ip\""));
  }
}

TEST_F(ServersTest, ASessionsCookieIsSoundOrRefused) {
  const std::string pool = "servers = [\"a:1\"]\n";
  EXPECT_TRUE(InPool(pool + "sticky = {}").pools[0].sticky.has_value());
  Write("short.key", "0123456789");
  EXPECT_THAT(BadPool(pool + "sticky = { secret = \"short.key\" }"),
              HasSubstr("the secret has 10 bytes; it needs 16"));
  EXPECT_THAT(BadPool(pool + "sticky = { same_site = \"none\", secure = \"never\" }"),
              HasSubstr("browsers take no cookie"));
  EXPECT_THAT(BadPool(pool + "sticky = { path = \"/; Domain=x\" }"), HasSubstr("has a ';'"));
  EXPECT_THAT(BadPool(pool + "sticky = { cookie = \"a b\" }"), HasSubstr("sticky.cookie"));
}

TEST_F(ServersTest, TheCertificateOfAServiceIsVerifiedByAGivenNameOnly) {
  const std::string service = "servers = [\"srv:_http._tcp.test\"]\n";
  EXPECT_THAT(BadPool(service + "tls = {}"), HasSubstr("has no name that could be verified"));
  InPool(service + "tls = { server_name = \"shop.test\" }");
}

}  // namespace
}  // namespace sluice::conf
