// NameServer: a DNS server for the names it was told, on a port of its own of 127.0.0.1, in a
// thread of its own. A name it does not know does not exist (NXDOMAIN). UDP only, answers of one
// datagram.
//
// Threads: any.
#ifndef SLUICE_TESTS_SUPPORT_NAME_SERVER_H_
#define SLUICE_TESTS_SUPPORT_NAME_SERVER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/mutex.h"
#include "proxy/base/text.h"
#include "proxy/net/fd.h"

namespace sluice::test {

class NameServer {
 public:
  struct Target {
    uint16_t priority = 0;
    uint16_t weight = 0;
    uint16_t port = 0;
    std::string host;  // "": the root, which says that there is no server
  };
  struct Record {
    std::vector<std::string> addresses = {};
    uint32_t ttl = 0;
    bool silent = false;  // no answer at all
    std::vector<Target> targets = {};
  };

  NameServer();
  ~NameServer();

  void Add(const std::string& name, Record record);
  void Remove(const std::string& name);
  std::string address() const { return at_.ToString(); }
  int asked();

 private:
  void Serve();
  std::string Reply(std::string_view query);

  net::Fd fd_;
  Address at_;
  Mutex mutex_;
  TextMap<Record> records_ SLUICE_GUARDED_BY(mutex_);
  int asked_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

// "a.test" as DNS writes it.
std::string DnsName(std::string_view name);
// One record of an answer to the message's only question (RFC 1035 section 4.1.3).
std::string DnsRecord(uint16_t type, uint32_t ttl, std::string_view data);
// The data of an SRV record (RFC 2782).
std::string SrvData(const NameServer::Target& target);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_NAME_SERVER_H_
