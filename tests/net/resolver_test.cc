#include "proxy/net/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <optional>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proxy/base/mutex.h"
#include "proxy/base/text.h"
#include "tests/support/loop_fixture.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

// A name server for the names it was told, on a port of its own, in a thread of its own. A name it
// does not know does not exist (NXDOMAIN).
class NameServer {
 public:
  struct Record {
    std::vector<std::string> addresses;
    uint32_t ttl = 0;
    bool silent = false;
  };

  NameServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const Address any = *Address::Parse("127.0.0.1:0");
    ::bind(fd_.get(), any.get(), any.size());
    at_ = BoundAddress(fd_.get());
    thread_ = std::thread([this] { Serve(); });
  }
  ~NameServer() {
    ::sendto(fd_.get(), "", 0, 0, at_.get(), at_.size());  // an empty datagram ends it
    thread_.join();
  }

  void Add(const std::string& name, Record record) {
    MutexLock lock(mutex_);
    records_[name] = std::move(record);
  }
  std::string address() const { return at_.ToString(); }
  int asked() {
    MutexLock lock(mutex_);
    return asked_;
  }

 private:
  void Serve() {
    char packet[512];
    sockaddr_storage from{};
    for (;;) {
      socklen_t size = sizeof from;
      auto* const to = reinterpret_cast<sockaddr*>(&from);
      const ssize_t n = ::recvfrom(fd_.get(), packet, sizeof packet, 0, to, &size);
      if (n <= 0) return;
      const std::string reply = Reply(std::string_view(packet, static_cast<size_t>(n)));
      if (!reply.empty()) ::sendto(fd_.get(), reply.data(), reply.size(), 0, to, size);
    }
  }

  // RFC 1035 section 4: the question comes back with the answers behind it.
  std::string Reply(std::string_view query) {
    std::string name;
    size_t at = 12;
    while (query[at] != 0) {
      if (!name.empty()) name += '.';
      const auto length = static_cast<size_t>(query[at]);
      name += query.substr(at + 1, length);
      at += length + 1;
    }
    const int type = query[at + 2];
    MutexLock lock(mutex_);
    ++asked_;
    const auto found = records_.find(name);
    if (found != records_.end() && found->second.silent) return {};
    std::string answers;
    char count = 0;
    if (found != records_.end()) {
      for (const std::string& text : found->second.addresses) {
        const Ip ip = *Ip::Parse(text);
        if (ip.is_v4() != (type == 1)) continue;
        answers += Answer(ip, found->second.ttl);
        ++count;
      }
    }
    std::string reply(query.substr(0, 2));
    reply += '\x81';
    reply += found == records_.end() ? '\x83' : '\x80';
    reply += std::string("\0\1\0", 3) + count + std::string(4, '\0');
    reply += query.substr(12, at + 5 - 12);
    return reply + answers;
  }

  static std::string Answer(const Ip& ip, uint32_t ttl) {
    const uint32_t wire_ttl = htonl(ttl);
    std::string answer("\xc0\x0c\0", 3);
    answer += ip.is_v4() ? '\x01' : '\x1c';
    answer += std::string("\0\1", 2);
    answer.append(reinterpret_cast<const char*>(&wire_ttl), 4);
    const size_t size = ip.is_v4() ? 4 : 16;
    answer += '\0';
    answer += static_cast<char>(size);
    answer.append(reinterpret_cast<const char*>(ip.bytes.data()) + 16 - size, size);
    return answer;
  }

  Fd fd_;
  Address at_;
  Mutex mutex_;
  TextMap<Record> records_ SLUICE_GUARDED_BY(mutex_);
  int asked_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

class ResolverTest : public LoopTest {
 protected:
  void Open(Duration timeout = 2s, int tries = 3) {
    resolver_ =
        std::make_unique<Resolver>(loop_, ResolverOptions{{server_.address()}, timeout, tries});
  }
  void Ask(std::string_view name) {
    resolver_->Resolve(name, [this](absl::StatusOr<Resolved> got) {
      ++calls_;
      result_ = std::move(got);
    });
  }
  void Get(std::string_view name) {
    const int before = calls_;
    Ask(name);
    ASSERT_EQ(calls_, before) << "told from inside Resolve()";
    RunUntil([&] { return calls_ > before; });
  }
  std::string Addresses() const {
    if (!result_.ok()) return std::string(result_.status().message());
    return absl::StrJoin(result_->addresses, " ",
                         [](std::string* out, const Ip& ip) { *out += ip.ToString(); });
  }

  NameServer server_;
  int calls_ = 0;
  absl::StatusOr<Resolved> result_ = absl::UnknownError("not asked");
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, GivesBothFamiliesSortedOnceEachWithTheTtl) {
  server_.Add("web.test", {{"2001:db8::1", "10.0.0.2", "10.0.0.1", "10.0.0.2"}, 30});
  Open();
  Get("web.test");
  EXPECT_EQ(Addresses(), "10.0.0.1 10.0.0.2 2001:db8::1");
  ASSERT_TRUE(result_.ok());
  EXPECT_EQ(result_->ttl, 30s);
}

TEST_F(ResolverTest, ATtlOfNothingStaysNothing) {
  server_.Add("brief.test", {{"10.0.0.1"}, 0});
  Open();
  Get("brief.test");
  ASSERT_TRUE(result_.ok());
  EXPECT_EQ(result_->ttl, Duration{});
}

TEST_F(ResolverTest, ANameThatDoesNotExistIsNotFound) {
  Open();
  Get("missing.test");
  EXPECT_TRUE(absl::IsNotFound(result_.status())) << result_.status();
  EXPECT_TRUE(Addresses().starts_with("cannot resolve missing.test: ")) << Addresses();
}

TEST_F(ResolverTest, ANameWithoutAddressesIsNotFound) {
  server_.Add("empty.test", {});
  Open();
  Get("empty.test");
  EXPECT_TRUE(absl::IsNotFound(result_.status())) << result_.status();
}

TEST_F(ResolverTest, ASilentServerIsGivenUpAfterItsTries) {
  server_.Add("silent.test", {.addresses = {}, .ttl = 0, .silent = true});
  Open(/*timeout=*/20ms, /*tries=*/2);
  Get("silent.test");
  EXPECT_TRUE(absl::IsDeadlineExceeded(result_.status())) << result_.status();
  EXPECT_GE(server_.asked(), 2);
}

TEST_F(ResolverTest, ANumericNameIsItsOwnAnswer) {
  Open();
  Get("192.0.2.7");
  EXPECT_EQ(Addresses(), "192.0.2.7");
  EXPECT_EQ(result_->ttl, Resolver::kNumericTtl);
  EXPECT_EQ(server_.asked(), 0);
}

TEST_F(ResolverTest, LocalhostNeedsNoNameServer) {
  Open();
  Get("localhost");
  EXPECT_NE(Addresses().find("127.0.0.1"), std::string::npos) << Addresses();
  ASSERT_TRUE(result_.ok());
  EXPECT_EQ(result_->ttl, Resolver::kHostsTtl);
  EXPECT_EQ(server_.asked(), 0);
}

TEST_F(ResolverTest, ManyQuestionsAreAnsweredEach) {
  Open();
  for (int i = 0; i < 50; ++i) {
    server_.Add(absl::StrFormat("host%d.test", i), {{absl::StrFormat("10.0.1.%d", i)}, 5});
  }
  int right = 0;
  for (int i = 0; i < 50; ++i) {
    const Ip expected = *Ip::Parse(absl::StrFormat("10.0.1.%d", i));
    resolver_->Resolve(absl::StrFormat("host%d.test", i),
                       [this, &right, expected](absl::StatusOr<Resolved> got) {
                         ++calls_;
                         if (got.ok() && got->addresses == std::vector<Ip>{expected}) ++right;
                       });
  }
  RunUntil([&] { return calls_ == 50; });
  EXPECT_EQ(right, 50);
}

TEST_F(ResolverTest, ACallbackMayAskAgain) {
  server_.Add("a.test", {{"10.0.0.1"}, 5});
  Open();
  resolver_->Resolve("a.test", [this](const absl::StatusOr<Resolved>&) { Ask("a.test"); });
  RunUntil([&] { return calls_ == 1; });
  EXPECT_EQ(Addresses(), "10.0.0.1");
}

TEST_F(ResolverTest, DestroyedItIsSilent) {
  server_.Add("silent.test", {.addresses = {}, .ttl = 0, .silent = true});
  Open();
  Ask("silent.test");
  Ask("192.0.2.7");
  RunUntil([&] { return server_.asked() > 0 && calls_ == 1; });
  Ask("192.0.2.8");
  resolver_.reset();
  RunFor(5ms);
  EXPECT_EQ(calls_, 1);
}

TEST_F(ResolverTest, ANameServerThatIsNoAddressFailsEveryQuestion) {
  resolver_ = std::make_unique<Resolver>(loop_, ResolverOptions{{"not an address"}, 1s, 1});
  Get("web.test");
  EXPECT_FALSE(result_.ok());
}

}  // namespace
}  // namespace sluice::net
