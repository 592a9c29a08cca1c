// Changes at run time through the admin listener: what they do to traffic, and who may make them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "proxy/admin/ctl.h"
#include "tests/support/flow/origin.h"
#include "tests/support/flow/scripts.h"
#include "tests/support/flow/test_proxy.h"

namespace sluice::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kIsJson = "Content-Type: application/json\r\n";

std::string PostText(std::string_view body, std::string_view fields = kIsJson,
                     std::string_view host = "localhost") {
  return absl::StrFormat("POST /servers HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s",
                         host, fields, body.size(), body);
}

// A server that answers with its own name.
std::unique_ptr<Origin> Named(const std::string& name) {
  return std::make_unique<Origin>(AnswerEach([name](const Message&) { return Ok(name); }));
}

class AdminChangesTest : public testing::Test {
 protected:
  AdminChangesTest() { std::ofstream(token_path_) << "0123456789abcdef\n"; }
  ~AdminChangesTest() override { std::remove(token_path_.c_str()); }

  void Start(std::vector<std::string> servers) {
    site_.servers = std::move(servers);
    site_.pool = "strategy = \"round_robin\"\n";
    site_.admin = "socket = \"" + socket_ + "\"\ntoken_file = \"" + token_path_ + "\"";
    proxy_ = std::make_unique<TestProxy>(site_);
    ASSERT_TRUE(TestProxy::Eventually([&] { return proxy_->AskAdmin("/readyz").status() == 200; }));
  }

  Message OverSocket(const std::string& bytes) {
    return Wire::To(*Address::Parse("unix:" + socket_)).Ask(bytes, "POST");
  }
  Message OverTcp(const std::string& bytes) { return Wire::To(proxy_->admin()).Ask(bytes, "POST"); }
  // Over the socket; the status.
  int Do(std::string_view deed, const std::string& server, const std::string& more = "") {
    return OverSocket(PostText(absl::StrFormat(R"({"pool": "web", "server": "%s", "do": "%s"%s})",
                                               server, deed, more)))
        .status();
  }
  // How many of `count` requests each server answered; "" for what is no 200.
  std::map<std::string, int> Ask(int count) {
    std::map<std::string, int> answers;
    Wire client = proxy_->Connect();
    for (int i = 0; i < count; ++i) {
      const Message answer = client.Get("/");
      ++answers[answer.status() == 200 ? answer.body : ""];
    }
    return answers;
  }
  // Who was asked at all, for those that have just come back and are given little.
  std::vector<std::string> Asked(int count) {
    std::vector<std::string> names;
    for (const auto& [name, answers] : Ask(count)) names.push_back(name);
    return names;
  }
  using Counts = std::map<std::string, int>;

  const std::string socket_ = testing::TempDir() + "sluice_adm_" + std::to_string(::getpid());
  const std::string token_path_ = socket_ + ".token";
  Site site_;
  std::unique_ptr<TestProxy> proxy_;
};

TEST_F(AdminChangesTest, ADrainedServerFinishesWhatItHasAndGetsNothingNew) {
  Moment go, came;
  Origin slow([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    came.Happen();
    if (go.Await()) wire.Send(Ok("slow"));
  });
  const auto other = Named("other");
  Start({slow.address()});
  Wire running = proxy_->Connect();
  ASSERT_TRUE(running.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(came.Await());
  EXPECT_EQ(Do("add", other->address()), 200);
  EXPECT_EQ(Do("drain", slow.address(), R"(, "reason": "new kernel")"), 200);
  EXPECT_EQ(Ask(20), (Counts{{"other", 20}}));
  go.Happen();
  EXPECT_EQ(running.ReadResponse().body, "slow");
}

TEST_F(AdminChangesTest, ARemovedServerFinishesWhatItHas) {
  Moment go, came;
  Origin slow([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    came.Happen();
    if (go.Await()) wire.Send(Ok("slow"));
  });
  const auto other = Named("other");
  Start({slow.address()});
  Wire running = proxy_->Connect();
  ASSERT_TRUE(running.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(came.Await());
  EXPECT_EQ(Do("add", other->address()), 200);
  EXPECT_EQ(Do("remove", slow.address()), 200);
  EXPECT_EQ(Ask(20), (Counts{{"other", 20}}));
  EXPECT_THAT(proxy_->AskAdmin("/servers").body, Not(HasSubstr(slow.address())));
  go.Happen();
  EXPECT_EQ(running.ReadResponse().body, "slow");
}

TEST_F(AdminChangesTest, ServersComeGoAndWeighAsOrdered) {
  const auto a = Named("a");
  const auto b = Named("b");
  const auto c = Named("c");
  Start({a->address(), b->address()});
  EXPECT_EQ(Ask(20), (Counts{{"a", 10}, {"b", 10}}));
  EXPECT_EQ(Do("weight", a->address(), R"(, "weight": 3)"), 200);
  EXPECT_EQ(Ask(20), (Counts{{"a", 15}, {"b", 5}}));
  EXPECT_EQ(Do("maintenance", a->address()), 200);
  EXPECT_EQ(Ask(20), (Counts{{"b", 20}}));
  EXPECT_EQ(Do("add", c->address()), 200);
  EXPECT_THAT(Asked(100), ElementsAre("b", "c"));
  EXPECT_EQ(Do("remove", b->address()), 200);
  EXPECT_EQ(Ask(20), (Counts{{"c", 20}}));
  EXPECT_EQ(Do("undo", b->address()), 200);
  EXPECT_EQ(Do("ready", a->address()), 200);
  EXPECT_THAT(Asked(100), ElementsAre("a", "b", "c")) << "slowly, at first";
  EXPECT_EQ(Do("undo", a->address()), 200);
  EXPECT_EQ(Do("remove", c->address()), 200);
  EXPECT_THAT(Asked(100), ElementsAre("a", "b"));
  EXPECT_EQ(json::parse(proxy_->AskAdmin("/changes").body)["changes"].size(), 0u);
}

TEST_F(AdminChangesTest, ChangesOutliveAReloadUntilTheirServerIsGone) {
  const auto a = Named("a");
  const auto b = Named("b");
  const auto c = Named("c");
  Start({a->address(), b->address()});
  EXPECT_EQ(Do("drain", a->address(), R"(, "reason": "disk")"), 200);
  EXPECT_EQ(Do("add", c->address()), 200);
  EXPECT_EQ(Do("remove", b->address()), 200);
  EXPECT_TRUE(proxy_->Reload(site_.Text()));
  EXPECT_EQ(Ask(20), (Counts{{"c", 20}}));
  const json changes = json::parse(proxy_->AskAdmin("/changes").body)["changes"];
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0]["server"], a->address());
  EXPECT_EQ(changes[0]["change"], "draining");
  EXPECT_EQ(changes[0]["reason"], "disk");
  EXPECT_THAT(changes[0]["who"].get<std::string>(),
              AllOf(HasSubstr(absl::StrFormat("uid %d", ::getuid())),
                    HasSubstr(absl::StrFormat("process %d", ::getpid()))));
  EXPECT_THAT(changes[0]["when"].get<std::string>(), testing::MatchesRegex("....-..-..T..:..:..Z"));
  site_.servers = {c->address(), b->address()};
  EXPECT_TRUE(proxy_->Reload(site_.Text()));
  EXPECT_EQ(Ask(20), (Counts{{"c", 20}})) << "b is still removed; c is in the file now";
  EXPECT_EQ(json::parse(proxy_->AskAdmin("/changes").body)["changes"].size(), 1u);
}

TEST_F(AdminChangesTest, NothingIsLostWhileServersComeAndGoUnderLoad) {
  const auto a = Named("a");
  const auto b = Named("b");
  const auto c = Named("c");
  Start({a->address(), b->address()});
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      Wire client = proxy_->Connect();
      while (!stop) ++(client.Get("/").status() == 200 ? good : bad);
    });
  }
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(Do("add", c->address()), 200);
    EXPECT_EQ(Do("drain", a->address()), 200);
    EXPECT_EQ(Do("weight", b->address(), R"(, "weight": 5)"), 200);
    if (round % 3 == 0) {
      EXPECT_TRUE(proxy_->Reload(site_.Text()));
    }
    EXPECT_EQ(Do("remove", b->address()), 200);
    EXPECT_EQ(Do("ready", a->address()), 200);
    EXPECT_EQ(Do("maintenance", c->address()), 200);
    EXPECT_EQ(Do("undo", b->address()), 200);
    EXPECT_EQ(Do("remove", c->address()), 200);
    const int before = good;
    EXPECT_TRUE(TestProxy::Eventually([&] { return good > before + 10; }));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(bad, 0) << "of " << good;
  EXPECT_EQ(json::parse(proxy_->AskAdmin("/changes").body)["changes"].size(), 0u);
}

TEST_F(AdminChangesTest, TheLastServerMayLeaveAndTheAnswerWarns) {
  const auto a = Named("a");
  Start({a->address()});
  const Message answer = OverSocket(PostText(
      absl::StrFormat(R"({"pool": "web", "server": "%s", "do": "maintenance"})", a->address())));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.body, HasSubstr("no server left"));
  EXPECT_EQ(proxy_->Get("/").status(), 503);
  EXPECT_EQ(Do("ready", a->address()), 200);
  EXPECT_EQ(proxy_->Get("/").status(), 200);
}

TEST_F(AdminChangesTest, WhatCannotBeDoneIsToldAndChangesNothing) {
  const auto a = Named("a");
  Start({a->address()});
  const auto error = [&](const std::string& body, int status) {
    const Message answer = OverSocket(PostText(body));
    EXPECT_EQ(answer.status(), status) << body;
    EXPECT_EQ(answer.Value("content-type"), "application/json");
    return json::parse(answer.body)["error"].get<std::string>();
  };
  EXPECT_THAT(error(R"({"pool": "wbe", "server": "x:1", "do": "drain"})", 404),
              HasSubstr("did you mean 'web'?"));
  EXPECT_THAT(error(R"({"pool": "web", "server": "x:1", "do": "drain"})", 404),
              HasSubstr("it may be " + a->address()));
  EXPECT_THAT(error(R"({"pool": "web", "server": "10.0.0.1", "do": "add"})", 400),
              HasSubstr("port"));
  EXPECT_THAT(error(R"({"pool": "web",)", 400), HasSubstr("line 1, column 16"));
  EXPECT_THAT(error("", 400), HasSubstr("not JSON"));
  EXPECT_THAT(
      error(absl::StrFormat(R"({"pool": "web", "server": "%s", "do": "add"})", a->address()), 409),
      HasSubstr("already"));
  EXPECT_THAT(error("{\"reason\": \"" + std::string(64 * 1024, 'x') + "\"}", 413),
              HasSubstr("65536 bytes"));
  EXPECT_THAT(proxy_->AskAdmin("/metrics").body,
              AllOf(HasSubstr("sluice_admin_refused_total{why=\"order\"} 4"),
                    HasSubstr("sluice_admin_refused_total{why=\"body\"} 3"),
                    HasSubstr("sluice_admin_changes_total{of=\"server\",do=\"drain\"} 0"),
                    HasSubstr("sluice_changes 0")));
}

TEST_F(AdminChangesTest, EveryDoorAsksForWhatItMust) {
  const auto a = Named("a");
  Start({a->address()});
  const std::string drain =
      absl::StrFormat(R"({"pool": "web", "server": "%s", "do": "drain"})", a->address());
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  const std::string both = std::string(kIsJson) + token;
  EXPECT_EQ(OverSocket(PostText(drain, "")).status(), 415);
  EXPECT_EQ(OverSocket(PostText(drain, "Content-Type: text/plain\r\n")).status(), 415);
  EXPECT_EQ(OverTcp(PostText(drain)).status(), 401);
  EXPECT_EQ(OverTcp(PostText(drain, std::string(kIsJson) + "Authorization: Bearer 0\r\n")).status(),
            401);
  EXPECT_EQ(OverTcp(PostText(drain, token)).status(), 415);
  EXPECT_EQ(OverTcp(PostText(drain, both, "shop.example")).status(), 403);
  EXPECT_EQ(OverTcp(PostText(drain, both + "Origin: http://shop.example\r\n")).status(), 403);
  EXPECT_EQ(OverTcp(PostText(drain, both + "Sec-Fetch-Site: cross-site\r\n")).status(), 403);
  EXPECT_EQ(
      Wire::To(proxy_->admin()).Ask("GET /status HTTP/1.1\r\nHost: shop.example\r\n\r\n").status(),
      403);
  EXPECT_EQ(json::parse(proxy_->AskAdmin("/changes").body)["changes"].size(), 0u);
  EXPECT_EQ(OverTcp(PostText(drain, both)).status(), 200);
  EXPECT_EQ(OverSocket(PostText(drain, kIsJson, "any.example")).status(), 200);
  EXPECT_THAT(
      proxy_->AskAdmin("/metrics").body,
      AllOf(HasSubstr("refused_total{why=\"token\"} 2"), HasSubstr("refused_total{why=\"host\"} 2"),
            HasSubstr("refused_total{why=\"origin\"} 2"),
            HasSubstr("refused_total{why=\"content_type\"} 3"),
            HasSubstr("sluice_admin_changes_total{of=\"server\",do=\"drain\"} 2"),
            HasSubstr("sluice_changes 1")));
  site_.admin = "socket = \"" + socket_ + "\"";
  EXPECT_TRUE(proxy_->Reload(site_.Text()));
  EXPECT_EQ(OverTcp(PostText(drain, both)).status(), 403) << "the token is gone";
}

TEST_F(AdminChangesTest, TheSocketIsForItsOwnerAndGoesWithTheProcess) {
  const auto a = Named("a");
  Start({a->address()});
  struct stat info {};
  ASSERT_EQ(::stat(socket_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  proxy_.reset();
  EXPECT_NE(::stat(socket_.c_str(), &info), 0);
}

TEST_F(AdminChangesTest, WhoWaitsToBeToldToGoOnIsTold) {
  const auto a = Named("a");
  Start({a->address()});
  Wire client = Wire::To(*Address::Parse("unix:" + socket_));
  const std::string body =
      absl::StrFormat(R"({"pool": "web", "server": "%s", "do": "drain"})", a->address());
  const std::string head = PostText(body, std::string(kIsJson) + "Expect: 100-continue\r\n");
  ASSERT_TRUE(client.Send(head.substr(0, head.size() - body.size())));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("100 Continue"));
  ASSERT_TRUE(client.Send(body));
  EXPECT_EQ(client.ReadResponse("POST").status(), 200);
}

// A stream into a text, which has all of it when this is gone. Without a descriptor: threads of the
// proxy open and close theirs all the time.
class Text {
 public:
  explicit Text(std::string& into) : into_(into), file_(open_memstream(&bytes_, &size_)) {}
  ~Text() {
    std::fclose(file_);
    into_.assign(bytes_, size_);
    std::free(bytes_);
  }
  std::FILE* file() { return file_; }

 private:
  std::string& into_;
  char* bytes_ = nullptr;
  size_t size_ = 0;
  std::FILE* file_;
};

class CtlTest : public AdminChangesTest {
 protected:
  // The exit code; what it said is in out_ and err_.
  int Ctl(std::vector<std::string> words, admin::CtlCall call = {}) {
    call.words = std::move(words);
    if (call.admin.empty() && call.config.empty()) call.admin = "unix:" + socket_;
    Text out(out_);
    Text err(err_);
    call.out = out.file();
    call.err = err.file();
    const int code = admin::Ctl(call);
    return code;
  }

  std::string out_, err_;
};

TEST_F(CtlTest, AsksAndOrdersInTables) {
  const auto a = Named("a");
  const auto b = Named("b");
  Start({a->address(), b->address()});
  EXPECT_EQ(Ctl({"servers"}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("duty"), HasSubstr(a->address()), HasSubstr("ready")));
  EXPECT_EQ(Ctl({"drain", "web", a->address()}, {.reason = "new disk", .wait_s = 10}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr(a->address()), HasSubstr("draining")));
  EXPECT_EQ(Ask(10), (Counts{{"b", 10}}));
  EXPECT_EQ(Ctl({"changes"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("draining"), HasSubstr("new disk")));
  EXPECT_EQ(Ctl({"weight", "web", b->address(), "4"}), 0);
  EXPECT_EQ(Ctl({"changes"}, {.json = true}), 0);
  EXPECT_EQ(json::parse(out_)["changes"].size(), 2u);
  EXPECT_EQ(Ctl({"undo", "web", a->address()}), 0);
  EXPECT_EQ(Ctl({"undo", "web", b->address()}), 0);
  EXPECT_EQ(Ctl({"changes"}), 0);
  EXPECT_THAT(out_, HasSubstr("as the file says"));
  EXPECT_EQ(Ctl({"status"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("serving"), HasSubstr(b->address())));
}

TEST_F(CtlTest, WaitsForWhatStillRuns) {
  Moment go, came;
  Origin slow([&](Wire& wire, Origin& self, uint32_t) {
    if (!self.Take(wire)) return;
    came.Happen();
    if (go.Await()) wire.Send(Ok("slow"));
  });
  Start({slow.address()});
  Wire running = proxy_->Connect();
  ASSERT_TRUE(running.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  ASSERT_TRUE(came.Await());
  EXPECT_EQ(Ctl({"drain", "web", slow.address()}, {.wait_s = 1}), 1);
  EXPECT_THAT(err_, HasSubstr("1 requests are still running after 1 s"));
  go.Happen();
  EXPECT_EQ(running.ReadResponse().body, "slow");
  EXPECT_EQ(Ctl({"drain", "web", slow.address()}, {.wait_s = 20}), 0) << err_;
}

TEST_F(CtlTest, SaysByItsExitCodeWhatWentWrong) {
  const auto a = Named("a");
  Start({a->address()});
  EXPECT_EQ(Ctl({"drain", "web", "10.0.0.1:1"}), 1);
  EXPECT_THAT(err_, HasSubstr("no server '10.0.0.1:1'"));
  EXPECT_EQ(Ctl({"servers"}, {.admin = "unix:/nowhere.sock"}), 1);
  EXPECT_THAT(err_, HasSubstr("cannot connect"));
  EXPECT_EQ(Ctl({"servers"}, {.admin = "nonsense"}), 1);
  EXPECT_EQ(Ctl({"drian", "web", a->address()}), 2);
  EXPECT_THAT(err_, HasSubstr("did you mean 'drain'?"));
  EXPECT_EQ(Ctl({"drain", "web"}), 2);
  EXPECT_EQ(Ctl({"weight", "web", a->address()}), 2);
  EXPECT_EQ(Ctl({"weight", "web", a->address(), "much"}), 2);
  EXPECT_EQ(Ctl({"servers", "web"}), 2);
}

TEST_F(CtlTest, OverTcpItBringsTheToken) {
  const auto a = Named("a");
  Start({a->address()});
  const std::string at = proxy_->admin().ToString();
  EXPECT_EQ(Ctl({"servers"}, {.admin = at}), 0) << err_;
  EXPECT_EQ(Ctl({"drain", "web", a->address()}, {.admin = at}), 1);
  EXPECT_THAT(err_, HasSubstr("token"));
  EXPECT_EQ(Ctl({"drain", "web", a->address()}, {.admin = at, .token_file = token_path_}), 0)
      << err_;
}

TEST_F(CtlTest, FindsTheRunningOneByItsConfiguration) {
  const auto a = Named("a");
  Start({a->address()});
  const std::string file = socket_ + ".toml";
  std::ofstream(file) << site_.Text();
  EXPECT_EQ(Ctl({"drain", "web", a->address()}, {.config = file}), 0) << err_;
  EXPECT_EQ(Ctl({"servers"}, {.config = socket_ + ".none"}), 1);
  std::remove(file.c_str());
}

}  // namespace
}  // namespace sluice::test
