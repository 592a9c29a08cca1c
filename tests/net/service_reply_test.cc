#include "proxy/net/service_reply.h"

#include <gtest/gtest.h>

#include "tests/support/name_server.h"

namespace sluice::net {
namespace {

using test::DnsName;
using test::DnsRecord;
using test::SrvData;

constexpr uint16_t kSrv = 33;
constexpr uint16_t kCname = 5;

// An answer about a.test with these records.
std::string Message(const std::vector<std::string>& records) {
  std::string message("\1\2\x81\x80\0\1\0", 7);
  message += static_cast<char>(records.size());
  message += std::string(4, '\0') + DnsName("a.test") + std::string("\0\x21\0\1", 4);
  for (const std::string& record : records) message += record;
  return message;
}

TEST(ServiceReplyTest, TheSmallestTtlCountsThatOfAnAliasToo) {
  const auto answer = ParseServiceReply(Message({DnsRecord(kCname, 5, DnsName("b.test")),
                                                 DnsRecord(kSrv, 60, SrvData({1, 2, 80, "w"})),
                                                 DnsRecord(kSrv, 30, SrvData({1, 2, 81, "w"}))}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->records.size(), 2u);
  EXPECT_EQ(answer->ttl, std::chrono::seconds(5));
}

TEST(ServiceReplyTest, ATargetMayBeWrittenAsAPointerIntoTheMessage) {
  const std::string data = std::string("\0\1\0\2\0\x50", 6) + "\xc0\x0c";
  const auto answer = ParseServiceReply(Message({DnsRecord(kSrv, 60, data)}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->records.front(), (Service{1, 2, 80, "a.test"}));
}

TEST(ServiceReplyTest, AServerWithoutAPortIsNone) {
  const auto answer = ParseServiceReply(Message({DnsRecord(kSrv, 60, SrvData({0, 0, 0, "w"}))}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->records.empty());
}

TEST(ServiceReplyTest, WithoutAServiceRecordThereIsNoAnswer) {
  const auto answer = ParseServiceReply(Message({DnsRecord(1, 60, "\1\2\3\4")}));
  EXPECT_TRUE(absl::IsNotFound(answer.status())) << answer.status();
}

TEST(ServiceReplyTest, AMessageCutAnywhereIsMalformed) {
  const std::string whole = Message({DnsRecord(kSrv, 60, SrvData({1, 2, 80, "web.test"})),
                                     DnsRecord(kSrv, 60, SrvData({1, 2, 81, "web.test"}))});
  ASSERT_TRUE(ParseServiceReply(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(ParseServiceReply({part.data(), part.size()}).ok()) << size;
  }
}

TEST(ServiceReplyTest, ARecordThatSaysAnotherLengthThanItHasIsMalformed) {
  std::string record = DnsRecord(kSrv, 60, SrvData({1, 2, 80, "w"}) + "more");
  EXPECT_TRUE(absl::IsInvalidArgument(ParseServiceReply(Message({record})).status()));
}

TEST(ServiceReplyTest, APointerToItselfIsMalformed) {
  const std::string data = std::string("\0\1\0\2\0\x50", 6) + "\xc0\x2a";
  EXPECT_FALSE(ParseServiceReply(Message({DnsRecord(kSrv, 60, data)})).ok());
}

}  // namespace
}  // namespace sluice::net
