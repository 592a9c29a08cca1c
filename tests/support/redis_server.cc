#include "tests/support/redis_server.h"

#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "proxy/base/check.h"
#include "proxy/net/acceptor.h"

namespace sluice {
namespace {

uint16_t FreePort() {
  absl::StatusOr<net::Fd> listener = net::BindListener(*Address::Parse("127.0.0.1:0"), {});
  SLUICE_CHECK(listener.ok());
  return net::BoundAddress(listener->get()).port();
}

}  // namespace

std::string RedisServer::Find() {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const char* name : {"/redis-server", "/valkey-server"}) {
      if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
    }
  }
  return {};
}

RedisServer::RedisServer(const std::vector<std::string>& more) : more_(more), port_(FreePort()) {
  std::string dir = (std::filesystem::temp_directory_path() / "sluice-redis-XXXXXX").string();
  SLUICE_CHECK(::mkdtemp(dir.data()) != nullptr);
  dir_ = dir;
  Start();
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void RedisServer::Start() {
  SLUICE_CHECK(pid_ < 0);
  std::vector<std::string> words = {Find(),      "--port",     std::to_string(port_),
                                    "--bind",    "127.0.0.1",  "--unixsocket",
                                    socket(),    "--dir",      dir_,
                                    "--save",    "",           "--appendonly",
                                    "no",        "--loglevel", "warning",
                                    "--logfile", dir_ + "/log"};
  words.insert(words.end(), more_.begin(), more_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  SLUICE_CHECK(
      ::posix_spawn(&pid_, words[0].c_str(), nullptr, nullptr, arguments.data(), environ) == 0);
}

void RedisServer::Kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::Stop() { ::kill(pid_, SIGSTOP); }
void RedisServer::Continue() { ::kill(pid_, SIGCONT); }

}  // namespace sluice
