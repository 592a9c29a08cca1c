// load_echo PORT: the origin of load_tunnel. Upgrades a client that comes with the RFC's sample key
// and answers every frame by an unmasked one with the same payload; everything else gets a 400. One
// thread, 127.0.0.1, until SIGTERM.
//
// Costs one read and one write for a frame that fits in a read. Keeps a frame until it is whole (up
// to kMostFrameBytes), and does not read a client that does not take its echoes.
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "bench/load/http_head.h"
#include "bench/load/loopback.h"
#include "bench/load/serve.h"
#include "bench/load/tunnel/frame.h"
#include "proxy/base/text.h"

namespace {

using namespace sluice::load;
using sluice::net::Fd;

constexpr size_t kMostHeadBytes = 8192;
constexpr size_t kMostFrameBytes = 16 << 20;

struct Client {
  Fd fd;
  bool upgraded = false;
  bool leaving = false;  // closed when `out` is empty
  std::string in = {};   // read, not yet understood
  std::string out = {};  // not yet taken
};

// False when the bytes are no request head and never will be.
bool TakeHead(Client& client) {
  const size_t end = client.in.find("\r\n\r\n");
  if (end == std::string::npos) return client.in.size() < kMostHeadBytes;
  const std::string_view head = std::string_view(client.in).substr(0, end + 4);
  if (sluice::EqualsIgnoreCase(FieldOf(head, "Upgrade"), "websocket") &&
      FieldOf(head, "Sec-WebSocket-Key") == kSampleKey) {
    client.out += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n";
    client.out += "Connection: Upgrade\r\nSec-WebSocket-Accept: ";
    client.out.append(kSampleAccept).append("\r\n\r\n");
    client.upgraded = true;
  } else {
    client.out += "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    client.leaving = true;
  }
  client.in.erase(0, end + 4);
  return true;
}

// Echoes every whole frame. False when a client breaks the protocol: it must mask.
bool TakeFrames(Client& client) {
  size_t at = 0;
  while (const auto head = ReadFrameHead(std::string_view(client.in).substr(at))) {
    if (!head->mask.has_value() || head->payload_bytes > kMostFrameBytes) return false;
    if (client.in.size() - at < head->head_bytes + head->payload_bytes) break;
    char* const payload = client.in.data() + at + head->head_bytes;
    ApplyMask(*head->mask, payload, head->payload_bytes);
    const bool ping = head->opcode() == Opcode::kPing;
    AppendFrameHead(client.out, ping ? 0x8a : head->first, head->payload_bytes);
    client.out.append(payload, head->payload_bytes);
    client.leaving = client.leaving || head->opcode() == Opcode::kClose;
    at += head->head_bytes + head->payload_bytes;
  }
  client.in.erase(0, at);
  return true;
}

bool Serve(Poll& poll, Client& client, uint32_t events) {
  static char block[64 * 1024];
  const bool was_stuck = !client.out.empty();
  if (!was_stuck) {
    const ssize_t count = ::recv(client.fd.get(), block, sizeof block, 0);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    client.in.append(block, static_cast<size_t>(count));
    if (!client.upgraded && !TakeHead(client)) return false;
    if (client.upgraded && !TakeFrames(client)) return false;
    if (client.out.empty()) return true;
  } else if ((events & EPOLLOUT) == 0) {
    return false;
  }
  const ssize_t sent = Send(client.fd.get(), client.out.data(), client.out.size());
  if (sent < 0) return false;
  client.out.erase(0, static_cast<size_t>(sent));
  const bool stuck = !client.out.empty();
  if (stuck != was_stuck) {
    poll.Change(client.fd.get(), stuck ? EPOLLOUT : EPOLLIN, &client);
  }
  return stuck || !client.leaving;
}

}  // namespace

int main(int argc, char** argv) {
  const auto ports = PortArguments(argc, argv, {"PORT"});
  ServeForever<Client>(ports[0], Serve);
}
