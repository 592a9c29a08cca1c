#include "bench/load/impatient/impatient.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <queue>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/load/chance.h"
#include "bench/load/loopback.h"
#include "bench/load/steady/answer_reader.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMostConnecting = 5s;

struct Client {
  net::Fd fd = {};
  uint8_t host = 1;
  bool connecting = false;
  uint64_t request = 0;  // of all its requests, so that an old leave does not end a new one
  TimePoint asked = {};
  AnswerReader reader = {};
};

struct Leave {
  TimePoint at;
  Client* client;
  uint64_t request;
};
struct Later {
  bool operator()(const Leave& a, const Leave& b) const { return a.at > b.at; }
};

class Impatient {
 public:
  Impatient(const ImpatientPlan& plan, std::vector<Client> clients)
      : plan_(plan), chance_(plan.seed), clients_(std::move(clients)) {
    for (Client& client : clients_) {
      poll_.Add(client.fd.get(), EPOLLIN, &client);
      Ask(client);
    }
  }

  ImpatientTally Run() {
    const TimePoint end = Now() + plan_.length;
    for (TimePoint now = Now(); now < end; now = Now()) {
      const TimePoint wake = leaves_.empty() ? end : std::min(end, leaves_.top().at);
      for (const epoll_event& event : poll_.Wait(std::max(wake - now, Duration::zero()))) {
        OnReady(*static_cast<Client*>(event.data.ptr));
      }
      // After the events: one of them may have been of a connection that goes now.
      LetLeave();
      for (Client* client : std::exchange(gone_, {})) Come(*client);
    }
    return std::move(tally_);
  }

 private:
  void Come(Client& client) {
    client.fd = Connect(plan_.port, client.host);
    client.connecting = true;
    poll_.Add(client.fd.get(), EPOLLOUT, &client);
  }

  void Ask(Client& client) {
    client.reader.Reset();
    client.asked = Now();
    ++client.request;
    const std::string request =
        absl::StrFormat("GET %s?work=%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", plan_.path,
                        DrawWork(chance_, plan_.deviation), plan_.port);
    if (Send(client.fd.get(), request.data(), request.size()) !=
        static_cast<ssize_t>(request.size())) {
      return Lose(client);
    }
    if (Uniform(chance_) >= plan_.leaving) return;
    const auto patience_ns = static_cast<double>(plan_.patience.count());
    const Duration after(static_cast<int64_t>(Uniform(chance_) * patience_ns));
    leaves_.push({client.asked + after, &client, client.request});
  }

  void OnReady(Client& client) {
    if (!client.fd.valid()) return;
    if (client.connecting) return OnConnected(client);
    const ssize_t count = ::recv(client.fd.get(), block_, sizeof block_, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return Lose(client);
    switch (client.reader.Feed({block_, static_cast<size_t>(count)})) {
      case AnswerReader::State::kMore:
        return;
      case AnswerReader::State::kBroken:
        return Lose(client);
      case AnswerReader::State::kDone:
        break;
    }
    if (client.reader.status() == 200) {
      ++tally_.answered;
      tally_.latencies.push_back(Now() - client.asked);
    } else {
      ++tally_.errors;
    }
    if (client.reader.closes()) return Part(client);
    Ask(client);
  }

  void OnConnected(Client& client) {
    if (!AwaitConnected(client.fd, TimePoint())) return Lose(client);
    client.connecting = false;
    poll_.Change(client.fd.get(), EPOLLIN, &client);
    Ask(client);
  }

  void LetLeave() {
    const TimePoint now = Now();
    for (; !leaves_.empty() && leaves_.top().at <= now; leaves_.pop()) {
      Client& client = *leaves_.top().client;
      if (client.request != leaves_.top().request || !client.fd.valid()) continue;
      ++tally_.left;
      Part(client);
    }
  }

  void Lose(Client& client) {
    ++tally_.errors;
    Part(client);
  }

  void Part(Client& client) {
    client.fd = net::Fd();
    ++client.request;
    gone_.push_back(&client);
  }

  const ImpatientPlan plan_;
  std::mt19937_64 chance_;
  Poll poll_;
  std::vector<Client> clients_;
  std::vector<Client*> gone_;
  std::priority_queue<Leave, std::vector<Leave>, Later> leaves_;
  ImpatientTally tally_;
  char block_[64 * 1024];
};

}  // namespace

absl::StatusOr<ImpatientTally> RunImpatient(const ImpatientPlan& plan) {
  const TimePoint patience = Now() + kMostConnecting;
  std::vector<Client> clients(plan.clients);
  for (size_t i = 0; i < clients.size(); ++i) {
    clients[i].host = static_cast<uint8_t>(plan.first_host + i % plan.hosts);
    clients[i].fd = Connect(plan.port, clients[i].host);
  }
  for (const Client& client : clients) {
    if (AwaitConnected(client.fd, patience)) continue;
    return absl::UnavailableError(
        absl::StrFormat("cannot connect to 127.0.0.1:%d: %s", plan.port, std::strerror(errno)));
  }
  return std::make_unique<Impatient>(plan, std::move(clients))->Run();
}

}  // namespace sluice::load
