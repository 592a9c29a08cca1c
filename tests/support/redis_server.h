// RedisServer: a redis-server of a test's own, on a port and a socket nobody else has, without
// persistence; ended by its process id with the object. Where none is installed Find() says so and
// the test is skipped.
#ifndef SLUICE_TESTS_SUPPORT_REDIS_SERVER_H_
#define SLUICE_TESTS_SUPPORT_REDIS_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

class RedisServer {
 public:
  // The program; empty when there is none on the PATH.
  static std::string Find();

  // `more` are further arguments: {"--requirepass", "secret"}. Listens soon after.
  // REQUIRES: Find() found one.
  explicit RedisServer(const std::vector<std::string>& more = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void Kill();   // SIGKILL; its data are lost
  void Start();  // again, on the same port
  void Stop();   // SIGSTOP: it hangs
  void Continue();

  uint16_t port() const { return port_; }
  std::string socket() const { return dir_ + "/redis.sock"; }

 private:
  std::vector<std::string> more_;
  std::string dir_;
  uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SUPPORT_REDIS_SERVER_H_
