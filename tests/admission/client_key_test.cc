#include "proxy/admission/client_key.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace sluice::admission {
namespace {

// Trusts 10.0.0.0/8, fd00::/8 and Unix peers; the peer is 10.0.0.1 unless a test says otherwise.
class ClientKeyTest : public testing::Test {
 protected:
  ClientKeyTest() { config_.trusted_proxies = {"10.0.0.0/8", "fd00::/8", "unix"}; }

  void Says(std::string_view name, std::string value) {
    head_.fields.Add(name, values_.emplace_back(std::move(value)));
  }
  ClientIdentity Who(std::string_view peer = "10.0.0.1") {
    return Resolve(*Ip::Parse(peer), false, head_, TrustedProxies(config_));
  }
  // The client that a chain names.
  std::string Chain(std::string value) {
    head_.fields.Remove(http::FieldId::kXForwardedFor);
    Says("X-Forwarded-For", std::move(value));
    return Who().ip.ToString();
  }
  std::string ForwardedChain(std::string value) {
    config_.header = "forwarded";
    head_.fields.Remove(http::FieldId::kForwarded);
    Says("Forwarded", std::move(value));
    return Who().ip.ToString();
  }

  conf::ClientIp config_;
  Arena arena_;
  std::deque<std::string> values_;
  http::RequestHead head_{arena_};
};

TEST_F(ClientKeyTest, AStrangersHeadersCountForNothing) {
  Says("X-Forwarded-For", "192.0.2.1");
  Says("X-Forwarded-Proto", "https");
  Says("X-Forwarded-Host", "bank.example");
  const ClientIdentity who = Who("198.51.100.7");
  EXPECT_EQ(who.ip.ToString(), "198.51.100.7");
  EXPECT_FALSE(who.peer_trusted);
  EXPECT_EQ(who.scheme, "");
  EXPECT_EQ(who.host, "");
}

TEST_F(ClientKeyTest, ByDefaultNobodyIsTrusted) {
  config_.trusted_proxies.clear();
  Says("X-Forwarded-For", "192.0.2.1");
  EXPECT_EQ(Who("127.0.0.1").ip.ToString(), "127.0.0.1");
}

TEST_F(ClientKeyTest, ATrustedProxyThatSaysNothingIsTheClient) {
  EXPECT_EQ(Who().ip.ToString(), "10.0.0.1");
  EXPECT_TRUE(Who().peer_trusted);
}

TEST_F(ClientKeyTest, TheFirstUntrustedAddressFromTheRightIsTheClient) {
  EXPECT_EQ(Chain("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Chain("192.0.2.1, 10.1.1.1,10.2.2.2"), "192.0.2.1");
  EXPECT_EQ(Chain("203.0.113.66, 192.0.2.1, 10.1.1.1"), "192.0.2.1");
}

TEST_F(ClientKeyTest, WhatTheClientWroteItselfIsNeverReached) {
  EXPECT_EQ(Chain("10.9.9.9, 127.0.0.1, 192.0.2.1"), "192.0.2.1");
}

TEST_F(ClientKeyTest, AChainOfTrustedProxiesEndsAtItsLeftEnd) {
  EXPECT_EQ(Chain("10.3.3.3, 10.2.2.2"), "10.3.3.3");
}

TEST_F(ClientKeyTest, GarbageEndsTheWalkAtTheLastGoodAddress) {
  EXPECT_EQ(Chain("192.0.2.1, nonsense, 10.2.2.2"), "10.2.2.2");
  EXPECT_EQ(Chain("192.0.2.1, unknown"), "10.0.0.1");
  EXPECT_EQ(Chain("_hidden, 10.2.2.2"), "10.2.2.2");
  EXPECT_EQ(Chain("1.2.3"), "10.0.0.1");
  EXPECT_EQ(Chain("[::1"), "10.0.0.1");
  EXPECT_EQ(Chain("[::1]x"), "10.0.0.1");
  EXPECT_EQ(Chain("[192.0.2.1]:80"), "10.0.0.1");
  EXPECT_EQ(Chain("192.0.2.1:"), "10.0.0.1");
  EXPECT_EQ(Chain(std::string(5000, '1')), "10.0.0.1");
}

TEST_F(ClientKeyTest, PortsAndBracketsAreTakenOff) {
  EXPECT_EQ(Chain("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(Chain("[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(Chain("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(Chain("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(Chain("2001:db8::1, fd00::7"), "2001:db8::1");
}

TEST_F(ClientKeyTest, AMappedAddressIsTheSameClient) {
  EXPECT_EQ(Chain("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Chain("192.0.2.1, ::ffff:10.2.2.2"), "192.0.2.1");
}

TEST_F(ClientKeyTest, EmptyElementsAreSkipped) {
  EXPECT_EQ(Chain("192.0.2.1, , 10.2.2.2,,"), "192.0.2.1");
  EXPECT_EQ(Chain(""), "10.0.0.1");
  EXPECT_EQ(Chain(" , ,"), "10.0.0.1");
}

TEST_F(ClientKeyTest, RepeatedFieldsAreOneChain) {
  Says("X-Forwarded-For", "203.0.113.66");
  Says("Other", "1");
  Says("X-Forwarded-For", "192.0.2.1, 10.3.3.3");
  Says("x-forwarded-for", "10.2.2.2");
  EXPECT_EQ(Who().ip.ToString(), "192.0.2.1");
}

TEST_F(ClientKeyTest, AUnixPeerIsTrustedWhenTheWordUnixStandsThere) {
  Says("X-Forwarded-For", "192.0.2.1");
  EXPECT_EQ(Resolve(Ip{}, true, head_, TrustedProxies(config_)).ip.ToString(), "192.0.2.1");
  config_.trusted_proxies = {"0.0.0.0/0", "::/0"};
  const ClientIdentity who = Resolve(Ip{}, true, head_, TrustedProxies(config_));
  EXPECT_FALSE(who.peer_trusted);
  EXPECT_EQ(who.ip, Ip{});
}

TEST_F(ClientKeyTest, SchemeAndHostComeFromATrustedProxy) {
  Says("X-Forwarded-For", "192.0.2.1");
  Says("X-Forwarded-Proto", "HTTPS");
  Says("X-Forwarded-Host", "shop.example:8443");
  EXPECT_EQ(Who().scheme, "https");
  EXPECT_EQ(Who().host, "shop.example:8443");
}

TEST_F(ClientKeyTest, AnUnheardOfSchemeOrAnImpossibleHostIsNotSaid) {
  Says("X-Forwarded-Proto", "javascript");
  Says("X-Forwarded-Host", "evil.example/<script>");
  EXPECT_EQ(Who().scheme, "");
  EXPECT_EQ(Who().host, "");
}

TEST_F(ClientKeyTest, AClientsOwnSchemeToTheLeftOfAProxysIsNotBelieved) {
  Says("X-Forwarded-For", "203.0.113.66, 192.0.2.1");
  Says("X-Forwarded-Proto", "https, http");
  Says("X-Forwarded-Host", "evil.example, shop.example");
  EXPECT_EQ(Who().scheme, "http");
  EXPECT_EQ(Who().host, "shop.example");
}

TEST_F(ClientKeyTest, WithTwoAppendingProxiesTheOuterOnesSchemeCounts) {
  Says("X-Forwarded-For", "192.0.2.1, 10.2.2.2");
  Says("X-Forwarded-Proto", "https, http");
  EXPECT_EQ(Who().scheme, "https");
}

TEST_F(ClientKeyTest, ForwardedIsWalkedLikeTheOther) {
  EXPECT_EQ(ForwardedChain("for=192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(ForwardedChain("for=203.0.113.66, FOR=192.0.2.1;proto=https, for=10.2.2.2"),
            "192.0.2.1");
  EXPECT_EQ(ForwardedChain("for=\"[2001:db8::1]:4711\";by=10.0.0.1"), "2001:db8::1");
  EXPECT_EQ(ForwardedChain("by=_x ; for=\"192.0.2.1:_port\""), "192.0.2.1");
}

TEST_F(ClientKeyTest, ForwardedIdentifiersThatAreNoAddressEndTheWalk) {
  EXPECT_EQ(ForwardedChain("for=unknown"), "10.0.0.1");
  EXPECT_EQ(ForwardedChain("for=192.0.2.1, for=_SEVKISEK, for=10.2.2.2"), "10.2.2.2");
  EXPECT_EQ(ForwardedChain("proto=https"), "10.0.0.1");
}

TEST_F(ClientKeyTest, AQuoteLeftOpenByTheClientCannotSwallowWhatTheProxyAppended) {
  EXPECT_EQ(ForwardedChain("for=\"203.0.113.66, for=192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(ForwardedChain("for=\"a\\\", for=192.0.2.1"), "192.0.2.1");
}

TEST_F(ClientKeyTest, ACommaInsideQuotesDoesNotSeparate) {
  EXPECT_EQ(ForwardedChain("for=192.0.2.1;ext=\"a, for=203.0.113.66\""), "192.0.2.1");
}

TEST_F(ClientKeyTest, ForwardedTellsSchemeAndHostOfTheOutermostTrustedProxy) {
  ForwardedChain(
      "for=203.0.113.66;proto=http;host=evil.example,"
      "for=192.0.2.1;proto=https;host=\"shop.example:8443\", for=10.2.2.2;proto=http");
  EXPECT_EQ(Who().scheme, "https");
  EXPECT_EQ(Who().host, "shop.example:8443");
}

TEST_F(ClientKeyTest, OnlyTheConfiguredHeaderIsBelieved) {
  Says("Forwarded", "for=203.0.113.66;proto=https");
  EXPECT_EQ(Who().ip.ToString(), "10.0.0.1");
  EXPECT_EQ(Who().scheme, "");
  config_.header = "forwarded";
  head_.fields.Remove(http::FieldId::kForwarded);
  Says("X-Forwarded-For", "203.0.113.66");
  Says("X-Forwarded-Proto", "https");
  EXPECT_EQ(Who().ip.ToString(), "10.0.0.1");
  EXPECT_EQ(Who().scheme, "");
}

TEST_F(ClientKeyTest, TakesTurnsAsOneIpv4AddressOrOneNetworkOfIpv6) {
  const auto key = [](std::string_view text) { return ClientKey(*Ip::Parse(text)); };
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
  EXPECT_EQ(key("192.0.2.1"), key("::ffff:192.0.2.1"));
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace sluice::admission
