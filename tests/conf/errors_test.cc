// One test per kind of mistake: where it is, what it is, and what it may be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ErrorsTest : public Files {
 protected:
  // Two lines of listener, then `text` from line 3, then a pool.
  std::string InListener(std::string_view text) {
    return Wrong(absl::StrFormat("%s%s\n%s", kListener, text, kPool));
  }
  // Two lines of listener, three of pool, then `text` from line 6.
  std::string InPool(std::string_view text) {
    return Wrong(absl::StrFormat("%s%s%s\n", kListener, kPool, text));
  }
  // The same with [[route]] in line 6: `text` from line 7.
  std::string InRoute(std::string_view text) {
    return Wrong(absl::StrFormat("%s%s[[route]]\n%s\n", kListener, kPool, text));
  }
};

TEST_F(ErrorsTest, AnUnknownKeyIsNamedWithTheOneThatWasMeant) {
  EXPECT_EQ(InListener("baclog = 5"),
            "t.toml:3:1: unknown key 'baclog' in [[listener]]; did you mean 'backlog'?\n");
  EXPECT_THAT(InPool("  outlier.failure = 5"),
              StartsWith("t.toml:6:11: unknown key 'failure' in 'pool.outlier'; did you mean "
                         "'failures'?"));
}

TEST_F(ErrorsTest, AKeyInTheWrongTableIsToldWhereItBelongs) {
  EXPECT_EQ(InListener("connect_timeout = \"1s\""),
            "t.toml:3:1: unknown key 'connect_timeout' in [[listener]]; 'connect_timeout' belongs "
            "in [[pool]] or [[route]] or [store]\n");
}

TEST_F(ErrorsTest, AKeyLikeNoOtherGetsTheListOfThoseThereAre) {
  EXPECT_EQ(
      InPool("[admin]\nqqqqqqqqq = 1"),
      "t.toml:7:1: unknown key 'qqqqqqqqq' in [admin]; it may be address, socket or token_file\n");
}

TEST_F(ErrorsTest, WhatIsTriedAgainIsNamedByItsNames) {
  EXPECT_EQ(InPool("retry = { on = [\"conect\"] }"),
            "t.toml:6:17: pool.retry.on: \"conect\" is not connect, reset, timeout or a status "
            "from 400 to 599; did you mean 'connect'?\n");
  EXPECT_THAT(InPool("hedge.percentile = 100"), HasSubstr("0..99"));
}

TEST_F(ErrorsTest, ATokenThatCouldBeGuessedIsRefusedAndNotShown) {
  Write("good", "0123456789abcdef\n");
  Write("short", "0123456789abcde\n");
  Write("two", "0123456789abcdef\n0123456789abcdef\n");
  EXPECT_EQ(InPool("[admin]\ntoken_file = \"good\""), "");
  EXPECT_THAT(InPool("[admin]\ntoken_file = \"short\""),
              AllOf(HasSubstr("t.toml:7:1"), HasSubstr("too short"), Not(HasSubstr("0123"))));
  EXPECT_THAT(InPool("[admin]\ntoken_file = \"two\""), HasSubstr("not one line"));
  EXPECT_THAT(InPool("[admin]\nsocket = \"admin.sock\""), HasSubstr("no absolute path"));
  EXPECT_EQ(InPool("[admin]\nsocket = \"off\""), "");
}

TEST_F(ErrorsTest, ALimitOfHandshakesIsARateThatCanBeKept) {
  EXPECT_THAT(InListener("tls.handshakes_burst = 10"), HasSubstr("needs handshakes_per_address"));
  EXPECT_THAT(InListener("tls.handshakes_per_address = \"1/366d\"\ntls.handshakes_burst = 11"),
              HasSubstr("burst of more than ten years"));
  EXPECT_THAT(InListener("tls.handshakes = \"2000\""), HasSubstr("does not say per what time"));
  EXPECT_THAT(InListener("tls.handshakes = 2000"), HasSubstr("must be a rate such as"));
}

TEST_F(ErrorsTest, TlsNeedsACertificateAndAnAuthorityForThoseOfClients) {
  EXPECT_THAT(InListener("tls.certificates = []"), HasSubstr("no certificate; write"));
  EXPECT_THAT(InListener("tls.certificates = [{ cert = \"none.crt\", key = \"none.key\" }]"),
              HasSubstr("\"none.crt\" cannot be read"));
  EXPECT_THAT(InListener("tls.client_certificates = \"required\""), HasSubstr("needs client_ca"));
}

TEST_F(ErrorsTest, ABalancerOfTheProxyProtocolIsANetworkOrUnix) {
  EXPECT_EQ(InListener("proxy_protocol = [\"10.0.0.1\", \"fd00::/8\", \"unix\"]"), "");
  EXPECT_THAT(InListener("proxy_protocol = [\"balancer.internal\"]"),
              HasSubstr("listener.proxy_protocol: \"balancer.internal\" is no address or range"));
  EXPECT_THAT(InListener("proxy_protocol = true"), HasSubstr("it must be a list of texts"));
}

TEST_F(ErrorsTest, TlsToServersIsHeldToItself) {
  Write("a.pem", "x");
  EXPECT_EQ(InPool("tls = {}"), "");
  EXPECT_EQ(InPool("tls = {}\nprotocol = \"auto\""), "");
  EXPECT_THAT(InPool("protocol = \"auto\""), HasSubstr("agreed on in the TLS handshake"));
  EXPECT_THAT(InPool("tls.cert = \"a.pem\""), HasSubstr("6:12: cert needs key beside it"));
  EXPECT_THAT(InPool("tls.key = \"a.pem\""), HasSubstr("6:11: key needs cert beside it"));
  EXPECT_THAT(InPool("tls = { verify = false, ca = \"a.pem\" }"),
              HasSubstr("no certificate is verified"));
  EXPECT_THAT(InPool("tls.ca = \"none.pem\""), HasSubstr("\"none.pem\" cannot be read"));
  EXPECT_EQ(InPool("tls.server_name = \"shop.internal\""), "");
  EXPECT_EQ(InPool("tls.server_name = \"::1\""), "");
  for (const char* const name : {"shop.internal:443", "*.internal", "", "[::1]", "10.0.0"}) {
    EXPECT_THAT(InPool(absl::StrFormat("tls.server_name = \"%s\"", name)),
                HasSubstr("pool.tls.server_name"))
        << name;
  }
  const std::string unix_pool =
      absl::StrFormat("%s[[pool]]\nname = \"web\"\nservers = [\"unix:/run/a\"]\n", kListener);
  EXPECT_THAT(Wrong(unix_pool + "tls = {}\n"), HasSubstr("has no name that could be verified"));
  EXPECT_EQ(Wrong(unix_pool + "tls.server_name = \"a\"\n"), "");
  EXPECT_EQ(Wrong(unix_pool + "tls.verify = false\n"), "");
}

TEST_F(ErrorsTest, HealthChecksAreHeldToThemselves) {
  EXPECT_EQ(InPool("health = {}"), "");
  EXPECT_EQ(InPool("health = { path = \"/healthz?full=1\", expect_status = \"200\" }"), "");
  EXPECT_EQ(InPool("health = { path = \"/\", expect_status = [\"200\", \"301-302\"] }"), "");
  EXPECT_EQ(InPool("health.interval = \"200ms\""), "") << "shorter than the fast one's default";
  EXPECT_THAT(InPool("health.expect_body = \"ok\""), HasSubstr("expect_body needs path"));
  EXPECT_THAT(InPool("health.host = \"a\""), HasSubstr("host needs path"));
  EXPECT_THAT(InPool("health = { path = \"/\", expect_status = [] }"), HasSubstr("would pass"));
  EXPECT_THAT(InPool("health = { path = \"/\", method = \"HEAD\", expect_body = \"x\" }"),
              HasSubstr("has no body"));
  for (const char* const status : {"20", "099", "600", "200-", "-200", "399-200", "2xx", ""}) {
    EXPECT_THAT(
        InPool(absl::StrFormat("health = { path = \"/\", expect_status = \"%s\" }", status)),
        HasSubstr("200-399"))
        << status;
  }
  for (const char* const path : {"healthz", "/a b", "/a#b"}) {
    EXPECT_THAT(InPool(absl::StrFormat("health.path = \"%s\"", path)),
                HasSubstr("pool.health.path"))
        << path;
  }
  const std::string unix_pool =
      absl::StrFormat("%s[[pool]]\nname = \"web\"\nservers = [\"unix:/run/a\"]\n", kListener);
  EXPECT_EQ(Wrong(unix_pool + "health = {}\n"), "");
  EXPECT_THAT(Wrong(unix_pool + "health.port = 80\n"), HasSubstr("has no port"));
}

TEST_F(ErrorsTest, AWrongTypeIsToldTheRightOne) {
  EXPECT_THAT(InListener("backlog = \"7\""),
              StartsWith("t.toml:3:11: listener.backlog is a text; it must be a whole number"));
  EXPECT_THAT(InListener("backlog = 7.5"), HasSubstr("is a number with a fraction"));
  EXPECT_THAT(InPool("nodelay = 1"), HasSubstr("it must be true or false"));
  EXPECT_THAT(InPool("nodelay = \"true\""), HasSubstr("it must be true or false"));
  EXPECT_THAT(InPool("host = 7"), HasSubstr("it must be a text in quotes"));
  EXPECT_THAT(InPool("strategy = 7"),
              HasSubstr("one of the words; it may be expected_delay, least_request, "));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch = \"/x\""),
              HasSubstr("route.match is a text; it must be a table"));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch.header = 1"), HasSubstr("it must be a table such as"));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch.host = 1"), HasSubstr("it must be a list of texts"));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch.host = [[\"a\"]]"),
              HasSubstr("is a list; it must be"));
  EXPECT_THAT(InRoute("pool = \"web\"\nrequest_headers.set = { A = 1 }"),
              HasSubstr("is a whole number"));
  EXPECT_THAT(InPool("[process]\nuser = 2020-01-01"), HasSubstr("is a date;"));
}

TEST_F(ErrorsTest, OneTableWhereSeveralMayBeIsToldSo) {
  EXPECT_THAT(
      Wrong("[pool]\nname = \"x\"\n"),
      HasSubstr("t.toml:1:1: pool is a table; it must be a list of tables, written [[pool]]"));
  EXPECT_THAT(InPool("[[admin]]\naddress = \"off\""),
              HasSubstr("admin is a list; it must be a table, written [admin]"));
  EXPECT_THAT(InPool("[[pool]]\nname = \"b\"\nservers = [7]"),
              HasSubstr("t.toml:8:12: pool.servers is a whole number; it must be a table or texts, "
                        "such as \"10.0.0.11:8000\""));
}

TEST_F(ErrorsTest, AWrongUnitIsToldTheUnitsThereAre) {
  EXPECT_THAT(InPool("connect_timeout = 5"),
              StartsWith("t.toml:6:19: pool.connect_timeout is 5 without a unit"));
  EXPECT_THAT(InPool("connect_timeout = \"5\""),
              HasSubstr("\"5\" has no unit; write a number and"));
  EXPECT_THAT(InPool("connect_timeout = \"5sec\""), HasSubstr("\"5sec\" has an unknown unit"));
  EXPECT_THAT(InPool("max_head = \"5kb\""), HasSubstr("KB, MB, GB, KiB, MiB or GiB"));
  EXPECT_THAT(InListener("min_body_rate = \"5B\""), HasSubstr("is not per second"));
}

TEST_F(ErrorsTest, OutOfBoundsIsToldTheBounds) {
  EXPECT_EQ(InPool("tries = 0"), "t.toml:6:9: pool.tries is too small; it may be 1..10\n");
  EXPECT_EQ(InPool("tries = 11"), "t.toml:6:9: pool.tries is too large; it may be 1..10\n");
  EXPECT_EQ(InPool("tries = -1"), "t.toml:6:9: pool.tries is -1, below zero; it may be 1..10\n");
  EXPECT_THAT(InPool("connect_timeout = \"1d\""), HasSubstr("too large; it may be 1ms..10min"));
  EXPECT_THAT(InPool("connect_timeout = 0"), HasSubstr("too small; it may be 1ms..10min"));
  EXPECT_THAT(InPool("max_head = 9223372036854775807"),
              HasSubstr("too large; it may be 1KiB..1MiB"));
}

TEST_F(ErrorsTest, AWrongWordIsToldTheRightOnes) {
  EXPECT_EQ(InPool("strategy = \"least_reqest\""),
            "t.toml:6:12: pool.strategy: \"least_reqest\" is not known; did you mean "
            "'least_request'?\n");
  EXPECT_THAT(InPool("[log]\nlevel = \"loud\""),
              HasSubstr("is not known; it may be debug, info, warn or error"));
}

TEST_F(ErrorsTest, MissingKeysAreShownAsTheyWouldBeWritten) {
  EXPECT_THAT(
      Wrong(absl::StrFormat("[[listener]]\n%s", kPool)),
      StartsWith("t.toml:1:1: [[listener]] has no 'address'; write address = \"[::]:8080\""));
  EXPECT_THAT(InPool("[[pool]]\nservers = [\"a:1\"]"), HasSubstr("[[pool]] has no 'name'"));
  EXPECT_THAT(InPool("[[pool]]\nname = \"b\"\nservers = [{ weight = 2 }]"),
              HasSubstr("has no 'address'"));
  EXPECT_THAT(InRoute("redirect = {}"), HasSubstr("t.toml:7:12: 'route.redirect' has no 'to'"));
  EXPECT_THAT(InPool("[[answer]]\nhtml = \"x\""), HasSubstr("has no 'status'"));
}

TEST_F(ErrorsTest, AFileWithoutListenerOrPoolIsIncomplete) {
  EXPECT_THAT(Wrong(""), AllOf(HasSubstr("t.toml:1:1: no [[listener]]"),
                               HasSubstr("t.toml:1:1: no [[pool]]")));
  EXPECT_THAT(Wrong(kPool), HasSubstr("no [[listener]]"));
  EXPECT_EQ(Wrong(absl::StrFormat("%s[[pool]]\nname = \"empty\"", kListener)),
            "t.toml:3:1: the pool has no servers; write servers = [\"10.0.0.11:8000\"]\n");
  EXPECT_EQ(InPool("[[pool]]\nname = \"b\"\nservers = [\"b:1\"]"),
            "t.toml:1:1: several pools and no [[route]]; write which requests go to which pool\n");
}

TEST_F(ErrorsTest, NamesGivenTwiceAreShownBothPlaces) {
  EXPECT_THAT(InRoute("pool = \"web\"\n[[pool]]\nname = \"web\"\nservers = [\"b:1\"]"),
              HasSubstr("t.toml:9:8: the pool \"web\" is there already, at t.toml:4:8"));
  EXPECT_THAT(InRoute("pool = \"web\"\nname = \"a\"\n[[route]]\nname = \"a\"\npool = \"web\""),
              HasSubstr("t.toml:10:8: the route \"a\" is there already, at t.toml:8:8"));
  EXPECT_THAT(InListener("name = \"a\"\n[[listener]]\nname = \"a\"\naddress = \"[::]:81\""),
              HasSubstr("the listener \"a\" is there already"));
  EXPECT_THAT(InPool("[[pool]]\nname = \"b\"\nservers = [\"b:1\", \"b:1\"]"),
              HasSubstr("t.toml:8:19: the server \"b:1\" is there already, at t.toml:8:12"));
  EXPECT_THAT(
      InPool("[[answer]]\nstatus = 503\nhtml = \"\"\n[[answer]]\nstatus = 503\nhtml = \"\""),
      HasSubstr("the answer \"503\" is there already"));
}

TEST_F(ErrorsTest, AnAddressCanBeListenedOnOnceInWhateverSpelling) {
  EXPECT_THAT(InListener("[[listener]]\naddress = \"[0::0]:80\""),
              StartsWith("t.toml:4:11: the address \"[::]:80\" is there already, at t.toml:2:11"));
  EXPECT_THAT(InPool("[admin]\naddress = \"[::]:80\""), HasSubstr("is there already"));
  EXPECT_THAT(InPool("[admin]\naddress = \"unix:/a.sock\"\nsocket = \"/a.sock\""),
              HasSubstr("is there already"));
}

TEST_F(ErrorsTest, ARouteToNowhereIsToldWhatPoolsThereAre) {
  EXPECT_EQ(InRoute("pool = \"wbe\""),
            "t.toml:7:8: there is no pool \"wbe\"; did you mean 'web'?\n");
  EXPECT_EQ(InRoute("pool = \"zzzzzz\""),
            "t.toml:7:8: there is no pool \"zzzzzz\"; it may be web\n");
}

TEST_F(ErrorsTest, ARouteHasExactlyOneTarget) {
  EXPECT_EQ(InRoute("name = \"a\""),
            "t.toml:6:1: a route has exactly one of pool, redirect and respond; this one has "
            "none\n");
  EXPECT_THAT(InRoute("pool = \"web\"\nrespond = {}"), HasSubstr("this one has several"));
  EXPECT_THAT(InRoute("redirect = { to = \"/\" }\nrespond = {}"),
              HasSubstr("this one has several"));
}

TEST_F(ErrorsTest, ATargetThatIsWrongIsNotCalledMissingToo) {
  EXPECT_EQ(InRoute("pool = 7"),
            "t.toml:7:8: route.pool is a whole number; it must be a text in "
            "quotes\n");
}

TEST_F(ErrorsTest, KeysThatNeedOthersSayWhich) {
  EXPECT_THAT(InRoute("pool = \"web\"\nrewrite_prefix = \"/v2\""),
              HasSubstr("takes the place of match.path_prefix, which is not there"));
  EXPECT_THAT(InRoute("pool = \"web\"\nrewrite_prefix = \"/v2\"\nmatch.path = \"/v1\""),
              HasSubstr("takes the place of match.path_prefix"));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch = { path = \"/a\", path_prefix = \"/b\" }"),
              HasSubstr("path or path_prefix, not both"));
  EXPECT_THAT(InRoute("respond = {}\nforward_path = \"raw\""),
              HasSubstr("forward_path needs a pool"));
  EXPECT_THAT(InRoute("respond = { status = 204, body = \"x\" }"), HasSubstr("has no body"));
  EXPECT_THAT(InRoute("redirect = { to = \"/\", status = 304 }"),
              HasSubstr("it may be 301, 302, 303, 307 or 308"));
  EXPECT_THAT(InPool("outlier.rest = \"2min\""),
              HasSubstr("rest is 2min, more than rest_max, which is 1min"));
  EXPECT_THAT(InPool("[resolver]\nmax_ttl = \"500ms\""),
              HasSubstr("t.toml:7:11: min_ttl is 1s, more than max_ttl"));
}

TEST_F(ErrorsTest, AnAnswerHasOneTextOfAKind) {
  Write("a.html", "");
  EXPECT_THAT(InPool("[[answer]]\nstatus = 503"), HasSubstr("the answer has no text"));
  EXPECT_THAT(InPool("[[answer]]\nstatus = 503\nhtml = \"\"\nhtml_file = \"a.html\""),
              HasSubstr("html or html_file, not both"));
  EXPECT_THAT(InPool("[[answer]]\nstatus = 503\nhtml_file = \"b.html\""),
              HasSubstr("t.toml:8:13: answer.html_file: \"b.html\" cannot be read: no such file"));
}

TEST_F(ErrorsTest, HeadersCannotBeSmuggledIn) {
  EXPECT_THAT(InRoute("pool = \"web\"\nrequest_headers.set = { X = \"a\\r\\nY: b\" }"),
              HasSubstr("the value of X contains a control character"));
  EXPECT_THAT(InRoute("pool = \"web\"\nrequest_headers.set = { \"X\\r\\nY\" = \"a\" }"),
              HasSubstr("is not a name in HTTP"));
  EXPECT_THAT(InRoute("pool = \"web\"\nrequest_headers.add = { Content-Length = \"1\" }"),
              HasSubstr("sluice itself sets or removes"));
  EXPECT_THAT(InRoute("pool = \"web\"\nresponse_headers.remove = [\"Transfer-Encoding\"]"),
              HasSubstr("sluice itself sets or removes"));
  EXPECT_THAT(InRoute("pool = \"web\"\nrequest_headers.set = { Host = \"a\" }"),
              HasSubstr("the key 'host' of the pool"));
  EXPECT_THAT(InRoute("respond.content_type = \"a\\nb: c\""), HasSubstr("control character"));
}

TEST_F(ErrorsTest, AHeaderIsSetOrRemovedOnce) {
  EXPECT_THAT(
      InRoute("pool = \"web\"\nrequest_headers = { set = { X-A = \"1\" }, remove = [\"x-a\"] }"),
      HasSubstr("\"x-a\" is in 'set' already"));
  EXPECT_THAT(InRoute("pool = \"web\"\nrequest_headers.set = { X-A = \"1\", x-a = \"2\" }"),
              HasSubstr("\"x-a\" is in 'set' already"));
}

TEST_F(ErrorsTest, MatchesThatMeanNothingAreRefused) {
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch.header = { X = false }"),
              HasSubstr("false has no meaning"));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch.header = { X = \"\" }"),
              HasSubstr("is empty; write true"));
  EXPECT_THAT(InRoute("pool = \"web\"\nmatch.cookie = { \"a b\" = true }"),
              HasSubstr("is not a name in HTTP"));
}

TEST_F(ErrorsTest, AnUnsetVariableIsNamedWhereItIsWanted) {
  EXPECT_THAT(InPool("host = \"${NOPE}\""),
              StartsWith("t.toml:6:8: pool.host: the environment variable NOPE is not set"));
}

TEST_F(ErrorsTest, ValuesOfTheEnvironmentAreNeverRepeated) {
  Setenv("SECRET", "hunter2 \n");
  const std::string wrong = InPool("host = \"${SECRET}\"\n[log]\nlevel = \"${SECRET}\"");
  EXPECT_THAT(wrong, AllOf(HasSubstr("\"${SECRET}\" is not a host"), Not(HasSubstr("hunter2"))));
}

TEST_F(ErrorsTest, BrokenTomlIsShownWhereItBreaks) {
  EXPECT_THAT(Wrong("[[listener]]\naddress = \n"), StartsWith("t.toml:2:"));
  EXPECT_THAT(Wrong("a = 1\na = 2\n"), HasSubstr("t.toml:2:5: Error while parsing key-value pair"));
  EXPECT_THAT(Wrong("a = \"\xff\""), HasSubstr("invalid utf-8"));
}

TEST_F(ErrorsTest, KeysOfEndlessPartsAreRefusedBeforeTheyNest) {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  EXPECT_THAT(Wrong("# fine\n" + key + " = 1"), StartsWith("t.toml:2:34: a key of too many parts"));
  EXPECT_THAT(Wrong("[" + key + "]"), HasSubstr("a key of too many parts"));
}

TEST_F(ErrorsTest, DotsInTextsAndCommentsAreNotCounted) {
  const std::string dots(200, '.');
  EXPECT_EQ(InRoute("respond.body = \"" + dots + "\\\"" + dots + "\" # " + dots + "\nname = '" +
                    dots + "'\nrespond.content_type = \"\"\"" + dots + "\"\"\""),
            "");
  EXPECT_EQ(InRoute("respond.body = \"\"\"\n" + dots + "\n\"" + dots + "\"\"\"\n"), "");
}

TEST_F(ErrorsTest, AFileOfManyMegabytesIsNotParsed) {
  EXPECT_THAT(Wrong(std::string(5 << 20, '\n')), StartsWith("t.toml:1:1: the file is too large"));
}

TEST_F(ErrorsTest, AllMistakesComeAtOnceInTheOrderOfTheText) {
  EXPECT_EQ(Wrong("[[listener]]\nbacklog = 0\naddress = \"[::]:80\"\nmax_requests = -1\n"
                  "[[pool]]\nservers = [\"a\"]\nname = \"web\"\n[process]\nworkers = true\n"),
            "t.toml:2:11: listener.backlog is too small; it may be 1..65535\n"
            "t.toml:4:16: listener.max_requests is -1, below zero; it may be 0..4000000000\n"
            "t.toml:6:12: pool.servers.address: \"a\" has no port; write host:port, [IPv6]:port or "
            "unix:/path\n"
            "t.toml:9:11: process.workers is true or false; it must be a whole number\n");
}

}  // namespace
}  // namespace sluice::conf
