// Starts that fail leave nothing behind.
#include "proxy/server/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/admin/api.h"
#include "proxy/server/config_file.h"

namespace sluice::server {
namespace {

using testing::HasSubstr;

class FailedStartTest : public testing::Test {
 protected:
  FailedStartTest() {
    absl::StatusOr<net::Fd> socket = net::BindListener(*Address::Parse("127.0.0.1:0"), {});
    EXPECT_TRUE(socket.ok());
    taken_ = *std::move(socket);
    taken_address_ = net::BoundAddress(taken_.get()).ToString();
    // A port that is free again.
    net::Fd free = *net::BindListener(*Address::Parse("127.0.0.1:0"), {});
    free_address_ = net::BoundAddress(free.get()).ToString();
  }

  // The error of a start with this text behind one listener and one pool.
  std::string Start(const std::string& text, const std::string& process = "") {
    auto config = ReadConfigText(
        "test.toml", "[process]\nworkers = 2\n" + process + "[log]\nlevel = \"error\"\n" + text +
                         "[[pool]]\nname = \"web\"\nservers = [\"127.0.0.1:9\"]\n");
    EXPECT_TRUE(config.ok()) << config.status();
    Supervisor supervisor(*std::move(config), nullptr);
    admin::Api api(supervisor);
    supervisor.ServeAdmin(api);
    const absl::Status status = supervisor.Start();
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  }

  std::string Listener(const std::string& address) {
    return "[[listener]]\naddress = \"" + address + "\"\n";
  }

  void ExpectFree() {
    EXPECT_TRUE(net::BindListener(*Address::Parse(free_address_), {.exclusive = true}).ok());
  }

  net::Fd taken_;
  std::string taken_address_;
  std::string free_address_;
};

TEST_F(FailedStartTest, APortInUseIsNamed) {
  EXPECT_THAT(
      Start("[admin]\naddress = \"off\"\n" + Listener(free_address_) + Listener(taken_address_)),
      HasSubstr(taken_address_));
  ExpectFree();
}

TEST_F(FailedStartTest, TheAdminPortInUseIsNamedAsSuch) {
  EXPECT_THAT(Start("[admin]\naddress = \"" + taken_address_ + "\"\n" + Listener(free_address_)),
              testing::AllOf(HasSubstr("admin"), HasSubstr(taken_address_)));
  ExpectFree();
}

TEST_F(FailedStartTest, AnAccessLogThatCannotBeWrittenStopsTheStart) {
  EXPECT_THAT(Start("[admin]\naddress = \"127.0.0.1:0\"\n[access_log]\n"
                    "output = \"/nowhere/at/all/access.log\"\n" +
                    Listener(free_address_)),
              HasSubstr("/nowhere/at/all/access.log"));
  ExpectFree();
}

TEST_F(FailedStartTest, AUserThatDoesNotExistStopsTheStart) {
  EXPECT_THAT(Start("[admin]\naddress = \"127.0.0.1:0\"\n" + Listener(free_address_),
                    "user = \"no-such-user-here\"\n"),
              HasSubstr("no-such-user-here"));
  ExpectFree();
}

}  // namespace
}  // namespace sluice::server
