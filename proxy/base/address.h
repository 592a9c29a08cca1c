// Address: a socket address (IPv4, IPv6, Unix path) as a value, and Cidr, a range of them.
// Text forms: "10.0.0.1:80", "[::1]:80", "unix:/run/x.sock". No name look-up happens here.
#ifndef SLUICE_PROXY_BASE_ADDRESS_H_
#define SLUICE_PROXY_BASE_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// An IP address without port; IPv4 is held as the IPv4-mapped IPv6 address (RFC 4291 2.5.5.2), so
// that a client arriving at a dual-stack socket is the same client.
struct Ip {
  std::array<uint8_t, 16> bytes{};

  static std::optional<Ip> Parse(std::string_view text);  // no brackets, no port
  static Ip From(const sockaddr& address);                // Unix sockets give all zeros
  bool is_v4() const;
  std::string ToString() const;
  friend bool operator==(const Ip&, const Ip&) = default;
};

struct Cidr {
  Ip ip;
  uint8_t bits = 128;  // of the mapped form: "10.0.0.0/8" is 104

  static std::optional<Cidr> Parse(std::string_view text);  // a bare address is a full-length range
  bool Contains(const Ip& other) const;
};

class Address {
 public:
  Address() = default;
  // The numeric forms above; nothing for names.
  static std::optional<Address> Parse(std::string_view text);
  static Address From(const Ip& ip, uint16_t port);
  static Address From(const sockaddr* address, socklen_t size);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return get()->sa_family; }
  uint16_t port() const;  // 0 for Unix sockets
  Ip ip() const { return Ip::From(*get()); }
  // The form that Parse() takes; "unix:" for a nameless peer, "" for an Address() of nothing.
  std::string ToString() const;
  friend bool operator==(const Address& a, const Address& b);

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_PROXY_BASE_ADDRESS_H_
