#include "conf/syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

namespace sluice::conf {
namespace {

using testing::HasSubstr;
using Words = std::initializer_list<std::string_view>;

void ExpectFine(Check check, Words texts) {
  for (const std::string_view text : texts) EXPECT_EQ(check(text), "") << text;
}
void ExpectWrong(Check check, Words texts) {
  for (const std::string_view text : texts) EXPECT_NE(check(text), "") << text;
}

TEST(SyntaxTest, RetriesAreForThreeCausesAndStatusesOfErrors) {
  ExpectFine(CheckRetryCause, {"connect", "reset", "timeout", "429", "503"});
  ExpectWrong(CheckRetryCause, {"", "Connect", "5xx", "50", "5030", "200", "+50", " 503"});
}

TEST(SyntaxTest, ListenersHaveAnAddressOfThisMachineAndAPort) {
  ExpectFine(CheckListenAddress,
             {"0.0.0.0:80", "[::]:80", "[::1]:65535", "127.0.0.1:0", "unix:/run/sluice.sock"});
  ExpectWrong(CheckListenAddress, {"",
                                   "80",
                                   ":80",
                                   "*:80",
                                   "localhost:80",
                                   "0.0.0.0",
                                   "0.0.0.0:",
                                   "0.0.0.0:65536",
                                   "0.0.0.0:-1",
                                   "0.0.0.0:8o",
                                   "::1:80",
                                   "[::1]",
                                   "[::1",
                                   "[127.0.0.1]:80",
                                   "[]:80",
                                   "256.0.0.1:80",
                                   "1.2.3:80",
                                   "unix:",
                                   "unix:run/x",
                                   "unix:/a\nb",
                                   "[::1]80"});
  EXPECT_NE(CheckListenAddress("unix:/" + std::string(107, 'x')), "");
  EXPECT_EQ(CheckListenAddress("unix:/" + std::string(106, 'x')), "");
}

TEST(SyntaxTest, ServersMayHaveNamesAndNeedAPort) {
  ExpectFine(CheckServerAddress,
             {"10.0.0.11:8000", "[2001:db8::1]:80", "shop.internal:8000", "app_1:80",
              "unix:/run/app.sock", "localhost:1", "a.b.:80", "srv:_http._tcp.shop.internal"});
  ExpectWrong(CheckServerAddress,
              {"", "shop.internal", "10.0.0.11", "10.0.0.11:0", "http://a:80", "a b:80", "-a:80",
               "a..b:80", "10.0.0.256:80", "10.0.0:80", "a/b:80", "::1:80", ":80", "a:", "a:b",
               "srv:", "srv:_http._tcp.shop.internal:80", "srv:10.0.0.1", "srv:a..b"});
  EXPECT_EQ(ServiceOf("srv:_http._tcp.shop.internal"), "_http._tcp.shop.internal");
  EXPECT_EQ(ServiceOf("shop.internal:8000"), "");
}

TEST(SyntaxTest, EqualAddressesHaveOneSpelling) {
  EXPECT_EQ(CanonicalAddress("[0:0::0]:80"), CanonicalAddress("[::]:080"));
  EXPECT_NE(CanonicalAddress("[::]:80"), CanonicalAddress("[::]:81"));
  EXPECT_NE(CanonicalAddress("0.0.0.0:80"), CanonicalAddress("[::]:80"));
}

TEST(SyntaxTest, NetworksHaveNoBitsBeyondTheirLength) {
  ExpectFine(CheckNetwork, {"10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "::/0", "0.0.0.0/0",
                            "fd00::/8", "2001:db8::1", "unix"});
  ExpectWrong(CheckNetwork, {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "fd00::/129", "x",
                             "10.0.0/8", "10.0.0.0:80", "unix:/x"});
  EXPECT_THAT(CheckNetwork("10.0.0.1/8"), HasSubstr("did you mean \"10.0.0.0/8\""));
  EXPECT_THAT(CheckNetwork("fd00::1/10"), HasSubstr("did you mean \"fd00::/10\""));
}

TEST(SyntaxTest, ResolversAreAddressesWithOrWithoutPort) {
  ExpectFine(CheckResolverAddress, {"10.0.0.2", "10.0.0.2:5353", "::1", "[::1]:53"});
  ExpectWrong(CheckResolverAddress, {"", "dns.example", "10.0.0.2:0", "unix:/x", "[::1]"});
}

TEST(SyntaxTest, HostsAreMatchedWithoutPortAndWithAWildcardInFrontOnly) {
  ExpectFine(CheckHostPattern, {"shop.example", "*.shop.example", "localhost", "Shop.Example",
                                "10.0.0.1", "[::1]", "shop.example.", "xn--mnchen-3ya.example"});
  ExpectWrong(CheckHostPattern, {"", "*", "shop.example:80", "*shop.example", "a.*.b", "a b",
                                 "m\xc3\xbcnchen.example", "http://a", "a/b", "[10.0.0.1]", "."});
}

TEST(SyntaxTest, HostForServersIsAWordOrAHost) {
  ExpectFine(CheckUpstreamHost, {"client", "server", "shop.internal", "shop.internal:8080"});
  ExpectWrong(CheckUpstreamHost, {"", "a b", "*.a", "a\r\nX: y", "unix:/x"});
}

TEST(SyntaxTest, PathsAreInTheFormThatRoutesSee) {
  ExpectFine(CheckPath, {"/", "/a", "/a/", "/a/b.c", "/a%2Fb", "/..a", "/a;b=c", "/%E2%82%AC"});
  ExpectWrong(CheckPath, {"", "a", "/a?b", "/a#b", "/a b", "//a", "/a//b", "/./a", "/a/.", "/a/..",
                          "/a%2fb", "/a%", "/a%4", "/a%zz", "/\xe2\x82\xac", "/a\nb", "/a\\b"});
  EXPECT_THAT(CheckPath("/%63heckout"), HasSubstr("write 'c'"));
  EXPECT_THAT(CheckPath("/%7Ea"), HasSubstr("write '~'"));
}

TEST(SyntaxTest, MethodsAreInUpperCase) {
  ExpectFine(CheckMethod, {"GET", "M-SEARCH", "PROPFIND"});
  ExpectWrong(CheckMethod, {"", "GET ", "G T"});
  EXPECT_THAT(CheckMethod("get"), HasSubstr("did you mean 'GET'"));
}

TEST(SyntaxTest, RedirectsNameAPlaceAndOnlyKnownFields) {
  ExpectFine(CheckRedirectTarget, {"https://{host}{path}{query}", "/new", "http://a.example/",
                                   "{path}?x", "https://a.example{path}{query}"});
  ExpectWrong(CheckRedirectTarget,
              {"", "shop.example", "ftp://a", "/a b", "/{path", "/a\r\nb", "javascript:x"});
  EXPECT_THAT(CheckRedirectTarget("/{pth}"), HasSubstr("did you mean '{path}'"));
}

TEST(SyntaxTest, FieldsThatFrameTheMessageAreNotForOperators) {
  ExpectFine(CheckRequestField, {"X-A", "authorization", "X-Forwarded-For", "via"});
  ExpectWrong(CheckRequestField, {"", "X A", "X:", "Host", "HOST", "Connection", "content-length",
                                  "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Keep-Alive",
                                  "Proxy-Connection", "Expect", "X-\xc3\xa4"});
  ExpectFine(CheckResponseField, {"Server", "Set-Cookie", "Host"});
  ExpectWrong(CheckResponseField, {"Content-Length", "connection", "A\r\nB"});
}

TEST(SyntaxTest, FieldValuesCannotBeginAnotherField) {
  ExpectFine(CheckFieldValue, {"", "a", "a b", "a\tb", "\xc3\xa4"});
  ExpectWrong(CheckFieldValue,
              {"a\r\nB: c", "a\n", "\ra", " a", "a ", "a\t", "a\x7f", std::string_view("a\0b", 3)});
}

TEST(SyntaxTest, OutputsAreWordsOrFiles) {
  ExpectFine(CheckAccessOutput, {"off", "stdout", "syslog", "journald", "/var/log/a", "./a"});
  ExpectWrong(CheckAccessOutput, {"", "stderr", "access.log", "/a\nb"});
  ExpectFine(CheckLogOutput, {"stderr", "stdout", "/var/log/a"});
  ExpectWrong(CheckLogOutput, {"", "off", "syslog"});
  ExpectFine(CheckAccessFormat, {"json", "combined", "{method} {status}"});
  ExpectWrong(CheckAccessFormat, {"", "jsn", "{a}\n"});
}

TEST(SyntaxTest, FileModesAreOctal) {
  ExpectFine(CheckFileMode, {"0660", "666", "0000"});
  ExpectWrong(CheckFileMode, {"", "66", "0668", "7777", "06666", "rw-"});
}

TEST(SyntaxTest, NamesAreShortLines) {
  ExpectFine(CheckName, {"web", "GET /a b", "[::]:80", "m\xc3\xbcnchen"});
  ExpectWrong(CheckName, {"", " web", "web ", "a\"b", "a\\b", "a\nb"});
  EXPECT_NE(CheckName(std::string(201, 'x')), "");
}

}  // namespace
}  // namespace sluice::conf
