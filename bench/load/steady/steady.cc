#include "bench/load/steady/steady.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/load/loopback.h"
#include "bench/load/steady/answer_reader.h"
#include "bench/load/steady/h2_answers.h"
#include "bench/load/steady/orders.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMostConnecting = 5s;
// A server that takes connections and drops them must not become a busy loop here.
constexpr Duration kRetryAfter = 10ms;
constexpr uint64_t kPaths = 97;

struct Connection {
  net::Fd fd;  // not valid() between a loss and the next try
  bool connecting = false;
  bool proved = false;  // has carried an answer since it was opened
  TimePoint retry_at = {};
  AnswerReader reader = {};
  std::optional<H2Answers> http2 = {};  // instead of it
};

class Steady {
 public:
  Steady(const SteadyPlan& plan, const Schedule& schedule, std::vector<uint32_t> works,
         std::vector<Connection> connections)
      : port_(plan.port),
        path_(plan.path),
        http2_(plan.http2),
        works_(std::move(works)),
        request_(Request(path_)),
        connections_(std::move(connections)),
        line_(schedule, static_cast<uint32_t>(connections_.size())) {
    lost_.reserve(connections_.size());
    for (Connection& connection : connections_) {
      poll_.Add(connection.fd.get(), EPOLLIN, &connection);
      Begin(connection);
      line_.Open(IndexOf(connection), schedule.start);
    }
  }

  Line::Tally Run(TimePoint end) {
    TimePoint now = Now();
    for (; !line_.done() && now < end; now = Now()) {
      TimePoint wake = std::min(end, line_.wake());
      for (const Connection* lost : lost_) wake = std::min(wake, lost->retry_at);
      const auto events = poll_.Wait(std::max(wake - now, Duration::zero()));
      const TimePoint woken = Now();
      SendWhatIsDue();
      for (const epoll_event& event : events) {
        OnReady(*static_cast<Connection*>(event.data.ptr), woken);
        SendWhatIsDue();
      }
      // Only now: until here an event could still mean the connection's earlier socket.
      Reconnect();
    }
    line_.GiveUp(now);
    return std::move(line_.tally());
  }

 private:
  uint32_t IndexOf(const Connection& connection) const {
    return static_cast<uint32_t>(&connection - connections_.data());
  }

  // A kept connection without unanswered bytes always has room for something small.
  static bool SendSmall(const Connection& connection, std::string_view bytes) {
    return Send(connection.fd.get(), bytes.data(), bytes.size()) ==
           static_cast<ssize_t>(bytes.size());
  }

  void Begin(Connection& connection) {
    connection.reader.Reset();
    if (!http2_) return;
    connection.http2.emplace();
    // Should it not leave, neither does the first request.
    SendSmall(connection, H2Answers::Opening());
  }

  void SendWhatIsDue() {
    while (const std::optional<uint32_t> index = line_.Next(Now())) {
      Connection& connection = connections_[*index];
      const bool sent = works_.empty() ? Ask(connection, path_, request_)
                                       : AskForWork(connection, line_.RequestOf(*index));
      if (!sent) Lose(connection);
    }
  }

  std::string Request(std::string_view path) const {
    return absl::StrFormat("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", path, port_);
  }

  bool Ask(Connection& connection, std::string_view path, std::string_view request) {
    return SendSmall(connection, http2_ ? connection.http2->Ask(path) : request);
  }

  bool AskForWork(Connection& connection, uint64_t request) {
    const std::string path =
        absl::StrFormat("%s/%d?work=%d", path_, request % kPaths, works_[request]);
    return Ask(connection, path, Request(path));
  }

  // `woken`: what is ready has been so at least since then.
  void OnReady(Connection& connection, TimePoint woken) {
    if (!connection.fd.valid()) return;
    if (connection.connecting) return OnConnected(connection);
    const ssize_t count = ::recv(connection.fd.get(), block_, sizeof block_, 0);
    if (count < 0 && errno == EAGAIN) return;
    const uint32_t index = IndexOf(connection);
    if (count <= 0 || (!http2_ && !line_.IsBusy(index))) return Lose(connection);
    switch (Feed(connection, {block_, static_cast<size_t>(count)})) {
      case AnswerReader::State::kMore:
        return;
      case AnswerReader::State::kBroken:
        return Lose(connection);
      case AnswerReader::State::kDone:
        break;
    }
    connection.proved = true;
    const int status = http2_ ? connection.http2->status() : connection.reader.status();
    line_.Answer(index, woken, Now(), status == 200);
    if (http2_ ? connection.http2->closes() : connection.reader.closes()) return Lose(connection);
    connection.reader.Reset();
  }

  AnswerReader::State Feed(Connection& connection, std::string_view bytes) {
    if (!http2_) return connection.reader.Feed(bytes);
    const AnswerReader::State state = connection.http2->Feed(bytes);
    const std::string replies = connection.http2->TakeReplies();
    const bool told = replies.empty() || SendSmall(connection, replies);
    return told ? state : AnswerReader::State::kBroken;
  }

  void OnConnected(Connection& connection) {
    if (!AwaitConnected(connection.fd, TimePoint())) return Lose(connection);
    connection.connecting = false;
    poll_.Change(connection.fd.get(), EPOLLIN, &connection);
    Begin(connection);
    line_.Open(IndexOf(connection), Now());
  }

  void Lose(Connection& connection) {
    const TimePoint now = Now();
    line_.Lose(IndexOf(connection), now);
    connection.fd = net::Fd();
    connection.retry_at = connection.proved ? now : now + kRetryAfter;
    lost_.push_back(&connection);
  }

  void Reconnect() {
    if (lost_.empty()) return;
    const TimePoint now = Now();
    std::erase_if(lost_, [&](Connection* connection) {
      if (connection->retry_at > now) return false;
      connection->fd = Connect(port_);
      connection->connecting = true;
      connection->proved = false;
      poll_.Add(connection->fd.get(), EPOLLOUT, connection);
      return true;
    });
  }

  const uint16_t port_;
  const std::string path_;
  const bool http2_;
  const std::vector<uint32_t> works_;  // by request; empty: all are alike
  const std::string request_;
  Poll poll_;
  std::vector<Connection> connections_;
  std::vector<Connection*> lost_;
  Line line_;
  char block_[64 * 1024];
};

}  // namespace

uint64_t TurnsIn(const SteadyPlan& plan, double seconds) {
  return static_cast<uint64_t>(std::llround(plan.rate * seconds));
}

absl::StatusOr<Line::Tally> RunSteady(const SteadyPlan& plan) {
  const TimePoint patience = Now() + kMostConnecting;
  std::vector<Connection> connections(plan.connections);
  for (Connection& connection : connections) connection.fd = Connect(plan.port);
  for (const Connection& connection : connections) {
    if (AwaitConnected(connection.fd, patience)) continue;
    return absl::UnavailableError(
        absl::StrFormat("cannot connect to 127.0.0.1:%d: %s", plan.port, std::strerror(errno)));
  }
  const uint64_t warmup = TurnsIn(plan, plan.warmup);
  Schedule schedule{.start = {},
                    .rate = plan.rate,
                    .requests = warmup + TurnsIn(plan, plan.seconds),
                    .warmup = warmup};
  std::vector<uint32_t> works;
  if (plan.farm) {
    Orders orders = DrawOrders(plan.rate, schedule.requests, *plan.farm, plan.deviation);
    schedule.arrivals = std::make_shared<const std::vector<Duration>>(std::move(orders.arrivals));
    works = std::move(orders.works);
  }
  // The first turn lies a little ahead, so that it does not pay for the setting up.
  schedule.start = Now() + 1ms + 10us * plan.connections;
  const TimePoint last_turn = schedule.At(schedule.requests - 1);
  const auto steady =
      std::make_unique<Steady>(plan, schedule, std::move(works), std::move(connections));
  return steady->Run(last_turn + plan.drain);
}

}  // namespace sluice::load
