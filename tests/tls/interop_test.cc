// TlsStream with the openssl command at the other end: another process, its own settings.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "tests/tls/stream_fixture.h"

namespace sluice::tls {
namespace {

// A shell command and its output, read without blocking. Ended with all it started, at the latest
// when this is destroyed.
class Command {
 public:
  explicit Command(const std::string& line) {
    int ends[2];
    SLUICE_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    output_end_ = net::Fd(ends[0]);
    const net::Fd input_end(ends[1]);
    ::fcntl(output_end_.get(), F_SETFL, O_NONBLOCK);
    pid_ = ::fork();
    SLUICE_CHECK(pid_ >= 0);
    if (pid_ > 0) return;
    ::setpgid(0, 0);
    ::dup2(input_end.get(), STDOUT_FILENO);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  ~Command() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  const std::string& output() {
    char block[4096];
    for (ssize_t n; (n = ::read(output_end_.get(), block, sizeof block)) > 0;) {
      output_.append(block, static_cast<size_t>(n));
    }
    return output_;
  }

 private:
  net::Fd output_end_;
  pid_t pid_ = -1;
  std::string output_;
};

class InteropTest : public TlsStreamTest {
 protected:
  std::string File(const std::string& name, const std::string& text) {
    const std::string path =
        absl::StrFormat("%ssluice-interop-%d-%s", testing::TempDir(), ::getpid(), name);
    std::ofstream(path) << text;
    paths_.push_back(path);
    return path;
  }
  ~InteropTest() override {
    for (const std::string& path : paths_) ::unlink(path.c_str());
  }
  // Looks again each millisecond, for what no event of the loop tells of.
  template <typename Done>
  void Poll(Done done) {
    for (int i = 0; i < 10'000 && !done(); ++i) RunFor(std::chrono::milliseconds(1));
    EXPECT_TRUE(done());
  }
  std::vector<std::string> paths_;
};

TEST_F(InteropTest, AnswersOpensslsClient) {
  for (const std::string version : {"-tls1_3", "-tls1_2"}) {
    server_.told.text.clear();
    const absl::StatusOr<net::Fd> listener = net::BindListener(*Address::Parse("127.0.0.1:0"), {});
    ASSERT_TRUE(listener.ok());
    ::fcntl(listener->get(), F_SETFL, O_NONBLOCK);
    Command client(absl::StrFormat(
        "printf question | timeout 10 openssl s_client -connect %s -servername shop.example "
        "-verify_hostname shop.example -verify_return_error -CAfile %s -alpn h2 %s -quiet "
        "2>/dev/null",
        net::BoundAddress(listener->get()).ToString(), File("ca", authority_.certificate_pem),
        version));
    net::Fd accepted;
    Poll([&] {
      if (accepted.get() >= 0) return true;
      accepted = net::Fd(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
      return accepted.get() >= 0;
    });
    Accept(net::Socket::Adopt(loop_, std::move(accepted), {}));
    Poll([&] { return server_.told.text == "question" || server_.failed > 0; });
    ASSERT_EQ(server_.done, 1) << server_.reason;
    EXPECT_EQ(server_.alpn, "h2");
    server_.stream->Write("answer");
    server_.stream->FinishWriting();
    Poll([&] { return client.output() == "answer"; });
  }
}

TEST_F(InteropTest, IsAnsweredByOpensslsServer) {
  for (const std::string version : {"-tls1_3", "-tls1_2"}) {
    client_.told.text.clear();
    client_.told.ended = false;
    Command server(absl::StrFormat(
        "exec timeout 10 openssl s_server -accept 127.0.0.1:0 -naccept 1 -rev -alpn http/1.1 "
        "-cert %s -key %s %s </dev/null 2>&1",
        File("cert", shop_.certificate_pem), File("key", shop_.key_pem), version));
    size_t at = std::string::npos;
    Poll([&] {
      at = server.output().find("ACCEPT 127.0.0.1:");
      return at != std::string::npos && server.output().find('\n', at) != std::string::npos;
    });
    const std::string& said = server.output();
    const std::string address = said.substr(at + 7, said.find('\n', at) - at - 7);
    net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Address to = *Address::Parse(address);
    ASSERT_EQ(::connect(fd.get(), to.get(), to.size()), 0);
    Connect(net::Socket::Adopt(loop_, std::move(fd), {}));
    client_.stream->Write("abc\n");
    Poll([&] { return client_.told.text == "cba\n" || client_.failed > 0; });
    ASSERT_EQ(client_.done, 1) << client_.reason;
    EXPECT_EQ(client_.alpn, "http/1.1");
    EXPECT_EQ(client_.info.peer_subject, "CN=shop");
    client_.stream->FinishWriting();
    Poll([&] { return client_.told.ended; });
    Retire(client_);
    RunFor(std::chrono::milliseconds(1));
  }
}

}  // namespace
}  // namespace sluice::tls
