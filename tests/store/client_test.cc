#include "proxy/store/client.h"

#include <unistd.h>

#include <optional>

#include "absl/strings/str_format.h"
#include "tests/support/loop_fixture.h"
#include "tests/support/redis_server.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

const std::string kSha(40, 'a');

std::string Command(const std::vector<std::string>& words) {
  std::string bytes = absl::StrFormat("*%d\r\n", words.size());
  for (const std::string& word : words) {
    bytes += absl::StrFormat("$%d\r\n%s\r\n", word.size(), word);
  }
  return bytes;
}

// A store of the test's own hands: the test reads what was said and answers it.
class ClientTest : public net::LoopTest {
 protected:
  void SetUp() override { Listen(); }

  void Listen() {
    absl::StatusOr<net::Fd> listener =
        net::BindListener(at_.port() == 0 ? *Address::Parse("127.0.0.1:0") : at_, {.backlog = 16});
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    at_ = net::BoundAddress(listener_.get());
  }
  void Start(Options options = {}) {
    if (options.host.empty()) options.host = "127.0.0.1";
    options.port = at_.port();
    client_ = std::make_unique<Client>(loop_, resolver_, options, [this] { ++changes_; });
  }
  void Accept() {
    RunUntil([&] {
      peer_ = net::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      return peer_.valid();
    });
  }
  // The next that is said is exactly this; it is answered by `answer`.
  void Expect(const std::vector<std::string>& command, std::string_view answer) {
    const std::string bytes = Command(command);
    RunUntil([&] {
      said_ += Take(peer_);
      return said_.size() >= bytes.size();
    });
    EXPECT_EQ(said_.substr(0, bytes.size()), bytes);
    said_.erase(0, bytes.size());
    Send(peer_, answer);
  }
  void Connect() {
    Accept();
    Expect({"PING"}, "+PONG\r\n");
    RunUntil([&] { return client_->connected(); });
  }
  void Call(const std::vector<std::string>& command) {
    outcome_.reset();
    loop_.Post([this, command] {
      ASSERT_TRUE(client_->Call(command, [this](const Reply* reply) {
        outcome_ = reply == nullptr ? "nothing is known" : reply->text;
      }));
    });
  }
  void ExpectOutcome(std::string_view outcome) {
    RunUntil([&] { return outcome_.has_value(); });
    EXPECT_EQ(*outcome_, outcome);
  }
  // Up, and then `ending` happens to the call under way.
  void ExpectSilenceAfter(std::string_view answer, Trouble trouble, std::string_view reason) {
    Call({"GET", "a"});
    Expect({"GET", "a"}, answer);
    ExpectOutcome("nothing is known");
    EXPECT_FALSE(client_->up());
    EXPECT_NE(client_->reason().find(reason), std::string::npos) << client_->reason();
    EXPECT_EQ(client_->stats().troubles[static_cast<size_t>(trouble)], 1u);
  }
  void ExpectToRecover() {
    Connect();
    Call({"GET", "b"});
    Expect({"GET", "b"}, "$2\r\nhi\r\n");
    ExpectOutcome("hi");
    EXPECT_TRUE(client_->up());
  }

  net::Resolver resolver_{loop_, {}};
  Address at_ = *Address::Parse("127.0.0.1:0");
  net::Fd listener_;
  net::Fd peer_;
  std::string said_;
  int changes_ = 0;
  std::optional<std::string> outcome_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, GreetsCallsAndIsUpFromTheFirstAnswer) {
  Start();
  Connect();
  EXPECT_FALSE(client_->up());
  Call({"GET", "a"});
  Expect({"GET", "a"}, "$5\r\nhello\r\n");
  ExpectOutcome("hello");
  EXPECT_TRUE(client_->up());
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(client_->stats().answers, 1u);
}

TEST_F(ClientTest, SaysWhoItIsAndWhichDatabaseItMeans) {
  Start({.user = "proxy", .password = "secret", .database = 7});
  Accept();
  Expect({"AUTH", "proxy", "secret"}, "+OK\r\n");
  Expect({"SELECT", "7"}, "+OK\r\n");
  Expect({"PING"}, "+PONG\r\n");
  RunUntil([&] { return client_->connected(); });
}

TEST_F(ClientTest, APasswordAloneIsOfTheDefaultUser) {
  Start({.password = "secret"});
  Accept();
  Expect({"AUTH", "secret"}, "+OK\r\n");
}

TEST_F(ClientTest, ARefusedPasswordIsNotRepeatedByTheReason) {
  Start({.password = "secret"});
  Accept();
  Expect({"AUTH", "secret"}, "-ERR unknown command `AUTH`, with args beginning with: `secret`\r\n");
  RunUntil([&] { return !client_->reason().empty(); });
  EXPECT_EQ(client_->reason(), "ERR");
  EXPECT_FALSE(client_->connected());
}

TEST_F(ClientTest, BeforeItIsConnectedACallIsRefusedAtOnce) {
  Start();
  EXPECT_FALSE(client_->Call({"PING"}, [](const Reply*) { FAIL(); }));
  Accept();
  Turn();
  EXPECT_FALSE(client_->Call({"PING"}, [](const Reply*) { FAIL(); }));
}

TEST_F(ClientTest, MoreCallsThanItsBoundAreRefused) {
  Start();
  Connect();
  int told = 0;
  loop_.Post([&] {
    for (size_t i = 0; i < Client::kMostCalls; ++i) {
      EXPECT_TRUE(client_->Call({"PING"}, [&](const Reply*) { ++told; }));
    }
    EXPECT_FALSE(client_->Call({"PING"}, [](const Reply*) { FAIL(); }));
  });
  for (size_t i = 0; i < Client::kMostCalls; ++i) Expect({"PING"}, "+PONG\r\n");
  RunUntil([&] { return told == static_cast<int>(Client::kMostCalls); });
}

TEST_F(ClientTest, AnErrorForAnAnswerMakesItSilentWithTheReason) {
  for (const std::string_view error :
       {"READONLY You can't write against a read only replica.", "LOADING Redis is loading",
        "OOM command not allowed", "NOAUTH Authentication required."}) {
    Start();
    Connect();
    ExpectSilenceAfter(absl::StrFormat("-%s\r\n", error), Trouble::kRefused, error);
    ExpectToRecover();
  }
}

TEST_F(ClientTest, WhatIsNoAnswerMakesItSilent) {
  Start();
  Connect();
  ExpectSilenceAfter("HTTP/1.1 400 Bad Request\r\n", Trouble::kGarbage, "Protocol error");
  ExpectToRecover();
}

TEST_F(ClientTest, AnAnswerTooLargeMakesItSilentBeforeItIsThere) {
  Start();
  Connect();
  ExpectSilenceAfter("*1000000000\r\n", Trouble::kGarbage, "more than 4096 values");
  ExpectToRecover();
}

TEST_F(ClientTest, AnAnswerNobodyAskedForMakesItSilent) {
  Start();
  Connect();
  Send(peer_, "+HELLO\r\n");
  RunUntil([&] { return !client_->connected(); });
  EXPECT_EQ(client_->reason(), "an answer to nothing");
}

TEST_F(ClientTest, AHangingStoreIsGivenUpAfterTheTimeout) {
  Start({.answer_timeout = 50ms});
  Connect();
  ExpectSilenceAfter("", Trouble::kTimeout, "no answer in 50 ms");
  ExpectToRecover();
}

TEST_F(ClientTest, AStoreThatNeverEndsItsAnswerIsGivenUpToo) {
  Start({.answer_timeout = 50ms});
  Connect();
  ExpectSilenceAfter("$100\r\nhalf", Trouble::kTimeout, "no answer in 50 ms");
}

TEST_F(ClientTest, AResetInTheMiddleOfAnAnswerTellsAllThatWereWaiting) {
  Start();
  Connect();
  int told = 0;
  loop_.Post([&] {
    for (int i = 0; i < 3; ++i) {
      client_->Call({"PING"}, [&](const Reply* reply) {
        EXPECT_EQ(reply, nullptr);
        ++told;
      });
    }
  });
  Expect({"PING"}, "$10\r\nhal");
  RunUntil([&] {
    said_ += Take(peer_);
    return said_.size() == 2 * Command({"PING"}).size();
  });
  Reset(peer_);
  RunUntil([&] { return told == 3; });
  said_.clear();
  ExpectToRecover();
}

TEST_F(ClientTest, AStoreThatIsAwayIsTriedAgainLessAndLessOften) {
  listener_ = net::Fd();
  Start();
  RunFor(1500ms);
  const uint64_t tries = client_->stats().troubles[static_cast<size_t>(Trouble::kConnect)];
  EXPECT_GE(tries, 3u);
  EXPECT_LE(tries, 8u);  // at once, then after at least 50, 100, 200, 400, 800 ms
  Listen();
  ExpectToRecover();
}

TEST_F(ClientTest, ANameThatIsNoneIsAReason) {
  Start({.host = "no.such.name.invalid"});
  RunUntil([&] { return !client_->reason().empty(); });
  EXPECT_EQ(client_->stats().troubles[static_cast<size_t>(Trouble::kName)], 1u);
}

TEST_F(ClientTest, ANameIsLookedUp) {
  Start({.host = "localhost"});
  RunUntil([&] {
    peer_ = net::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    return peer_.valid();
  });
  Expect({"PING"}, "+PONG\r\n");
}

TEST_F(ClientTest, TheScriptIsRunByItsDigestAndSentAgainWhereItIsForgotten) {
  Start({.script = "return 1"});
  Accept();
  Expect({"SCRIPT", "LOAD", "return 1"}, absl::StrFormat("$40\r\n%s\r\n", kSha));
  RunUntil([&] { return client_->connected(); });
  std::vector<int64_t> answers;
  const auto run = [&] {
    loop_.Post([&] {
      client_->Run({"0", "x"}, [&](const Reply* reply) { answers.push_back(reply->integer); });
    });
  };
  run();
  Expect({"EVALSHA", kSha, "0", "x"}, ":1\r\n");
  RunUntil([&] { return answers.size() == 1; });
  run();
  Expect({"EVALSHA", kSha, "0", "x"}, "-NOSCRIPT No matching script.\r\n");
  Expect({"EVAL", "return 1", "0", "x"}, ":2\r\n");
  RunUntil([&] { return answers.size() == 2; });
  EXPECT_EQ(answers[1], 2);
  EXPECT_TRUE(client_->up());
}

TEST_F(ClientTest, AScriptThatCannotBeLoadedIsAReason) {
  Start({.script = "return 1"});
  Accept();
  Expect({"SCRIPT", "LOAD", "return 1"}, "-NOPERM this user has no permissions\r\n");
  RunUntil([&] { return client_->reason() == "NOPERM this user has no permissions"; });
}

TEST_F(ClientTest, ItMayGoWithCallsUnderWay) {
  Start();
  Connect();
  Call({"GET", "a"});
  Turn();
  client_.reset();
  RunFor(5ms);
  EXPECT_FALSE(outcome_.has_value());
}

TEST_F(ClientTest, ItMayGoWhileItsNameIsLookedUp) {
  Start({.host = "localhost"});
  Turn();
  client_.reset();
  RunFor(100ms);
}

TEST_F(ClientTest, CountsHowLongItWasSilent) {
  Start();
  Connect();
  Call({"GET", "a"});
  Expect({"GET", "a"}, "$5\r\nhello\r\n");
  ExpectOutcome("hello");
  const Duration before = client_->silent();
  RunFor(20ms);
  EXPECT_EQ(client_->silent(), before);
  peer_ = net::Fd();
  RunUntil([&] { return !client_->up(); });
  RunFor(20ms);
  EXPECT_GE(client_->silent(), before + 20ms);
}

// A real one.
class RealRedisTest : public ClientTest {
 protected:
  void SetUp() override {
    if (RedisServer::Find().empty()) GTEST_SKIP() << "no redis-server is installed";
  }
  void StartAt(const RedisServer& redis, Options options) {
    options.port = redis.port();
    if (options.host.empty()) options.host = "127.0.0.1";
    client_ = std::make_unique<Client>(loop_, resolver_, options, [this] { ++changes_; });
    RunUntil([&] { return client_->connected(); });
  }
};

TEST_F(RealRedisTest, AnswersOverTcpWithPasswordAndDatabase) {
  RedisServer redis({"--requirepass", "secret"});
  StartAt(redis, {.password = "secret", .database = 3});
  Call({"SET", "a", "1"});
  ExpectOutcome("OK");
  EXPECT_TRUE(client_->up());
}

TEST_F(RealRedisTest, AnswersOverAUnixSocket) {
  RedisServer redis;
  StartAt(redis, {.host = "unix:" + redis.socket()});
  Call({"ECHO", "hello"});
  ExpectOutcome("hello");
}

TEST_F(RealRedisTest, AWrongPasswordIsAReason) {
  RedisServer redis({"--requirepass", "secret"});
  Options options{.host = "127.0.0.1", .port = redis.port(), .password = "guess"};
  client_ = std::make_unique<Client>(loop_, resolver_, options, [] {});
  RunUntil([&] { return client_->reason() == "WRONGPASS"; });
}

TEST_F(RealRedisTest, AScriptSurvivesItsBeingForgotten) {
  RedisServer redis;
  StartAt(redis, {.script = "return ARGV[1]"});
  for (const bool flush : {false, true}) {
    if (flush) {
      Call({"SCRIPT", "FLUSH"});
      ExpectOutcome("OK");
    }
    outcome_.reset();
    loop_.Post([&] {
      client_->Run({"0", "hello"}, [&](const Reply* reply) {
        outcome_ = reply == nullptr ? "nothing is known" : reply->text;
      });
    });
    ExpectOutcome("hello");
  }
}

TEST_F(RealRedisTest, AReplicaThatTakesNoWritesAndAStoreThatWasKilledAreSurvived) {
  RedisServer redis;
  StartAt(redis, {});
  Call({"REPLICAOF", "127.0.0.1", "1"});
  ExpectOutcome("OK");
  Call({"SET", "a", "1"});
  ExpectOutcome("nothing is known");
  EXPECT_TRUE(client_->reason().starts_with("READONLY")) << client_->reason();
  redis.Kill();
  redis.Start();
  RunUntil([&] { return client_->connected(); });
  Call({"SET", "a", "1"});
  ExpectOutcome("OK");
}

TEST_F(RealRedisTest, AStoreThatHangsIsGivenUpAndFoundAgain) {
  RedisServer redis;
  StartAt(redis, {.answer_timeout = 50ms});
  redis.Stop();
  Call({"PING"});
  ExpectOutcome("nothing is known");
  redis.Continue();
  RunUntil([&] { return client_->connected(); });
}

}  // namespace
}  // namespace sluice::store
