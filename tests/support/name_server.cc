#include "tests/support/name_server.h"

#include <sys/socket.h>

#include <utility>

#include "proxy/net/acceptor.h"

namespace sluice::test {
namespace {

constexpr uint16_t kA = 1, kAaaa = 28, kSrv = 33;

std::string Big(uint64_t value, size_t bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes));
  return text;
}

}  // namespace

std::string DnsName(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = CutNext(name, '.');
    wire += static_cast<char>(label.size());
    wire += label;
  }
  return wire + '\0';
}

std::string DnsRecord(uint16_t type, uint32_t ttl, std::string_view data) {
  return "\xc0\x0c" + Big(type, 2) + Big(1, 2) + Big(ttl, 4) + Big(data.size(), 2) +
         std::string(data);
}

std::string SrvData(const NameServer::Target& target) {
  return Big(target.priority, 2) + Big(target.weight, 2) + Big(target.port, 2) +
         DnsName(target.host);
}

NameServer::NameServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  const Address any = *Address::Parse("127.0.0.1:0");
  ::bind(fd_.get(), any.get(), any.size());
  at_ = net::BoundAddress(fd_.get());
  thread_ = std::thread([this] { Serve(); });
}

NameServer::~NameServer() {
  ::sendto(fd_.get(), "", 0, 0, at_.get(), at_.size());  // an empty datagram ends it
  thread_.join();
}

void NameServer::Add(const std::string& name, Record record) {
  MutexLock lock(mutex_);
  records_[name] = std::move(record);
}

void NameServer::Remove(const std::string& name) {
  MutexLock lock(mutex_);
  records_.erase(name);
}

int NameServer::asked() {
  MutexLock lock(mutex_);
  return asked_;
}

void NameServer::Serve() {
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
std::string NameServer::Reply(std::string_view query) {
  std::string name;
  size_t at = 12;
  while (query[at] != 0) {
    if (!name.empty()) name += '.';
    const auto length = static_cast<size_t>(query[at]);
    name += query.substr(at + 1, length);
    at += length + 1;
  }
  const auto type = static_cast<uint8_t>(query[at + 2]);
  MutexLock lock(mutex_);
  ++asked_;
  const auto found = records_.find(name);
  const bool known = found != records_.end();
  if (known && found->second.silent) return {};
  std::vector<std::string> answers;
  if (known) {
    const Record& record = found->second;
    for (const std::string& text : record.addresses) {
      const Ip ip = *Ip::Parse(text);
      if (type != (ip.is_v4() ? kA : kAaaa)) continue;
      const std::string_view bytes(reinterpret_cast<const char*>(ip.bytes.data()), 16);
      answers.push_back(DnsRecord(type, record.ttl, bytes.substr(ip.is_v4() ? 12 : 0)));
    }
    for (const Target& target : record.targets) {
      if (type == kSrv) answers.push_back(DnsRecord(type, record.ttl, SrvData(target)));
    }
  }
  std::string reply(query.substr(0, 2));
  reply += '\x81';
  reply += known ? '\x80' : '\x83';
  reply += Big(1, 2) + Big(answers.size(), 2) + Big(0, 4);
  reply += query.substr(12, at + 5 - 12);
  for (const std::string& answer : answers) reply += answer;
  return reply;
}

}  // namespace sluice::test
