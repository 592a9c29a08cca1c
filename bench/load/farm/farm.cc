#include "bench/load/farm/farm.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/load/farm/ledger.h"
#include "bench/load/loopback.h"
#include "proxy/base/text.h"

namespace sluice::load {
namespace {

constexpr size_t kMostHeadBytes = 16 * 1024;
constexpr uint64_t kUncounted = 0;

// What the poll may speak of: a listener or a connection.
struct Source {
  net::Fd fd;
  size_t server;  // its place in the plan; beyond: the control port
  bool listens;
};

struct Client : Source {
  std::string unread = {};
  bool waits = false;                 // for an answer
  bool left = false;                  // has said that it asks no more, while it waited
  std::shared_ptr<Client> self = {};  // while it is connected
};

struct Site {
  FarmServer plan;
  std::shared_ptr<ModelServer> server;  // several may share one
  Ledger ledger;
  uint32_t failing;  // thousandths
  Source listener;
  uint32_t connections = 0;
};

struct Answer {
  TimePoint came;
  TimePoint due;
  std::shared_ptr<Client> client;
  Duration work;
  int status;
  uint64_t era;  // kUncounted, or of what beginning it is
};
struct Later {
  bool operator()(const Answer& a, const Answer& b) const { return a.due > b.due; }
};

std::string Message(int status, std::string_view body) {
  return absl::StrFormat(
      "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", status,
      status == 200 ? "OK" : "No", body.size(), body);
}

class Farm {
 public:
  Farm(const std::vector<FarmServer>& servers, uint16_t control_port)
      : control_{Listen(control_port), servers.size(), true} {
    const TimePoint now = Now();
    sites_.reserve(servers.size());
    for (const FarmServer& plan : servers) {
      sites_.push_back({.plan = plan,
                        .server = plan.slots_of.has_value()
                                      ? sites_[*plan.slots_of].server
                                      : std::make_shared<ModelServer>(plan.model, now),
                        .ledger = Ledger(now),
                        .failing = static_cast<uint32_t>(plan.model.failing * 1000),
                        .listener = {Listen(plan.port), sites_.size(), true}});
      poll_.Add(sites_.back().listener.fd.get(), EPOLLIN, &sites_.back().listener);
    }
    poll_.Add(control_.fd.get(), EPOLLIN, &control_);
  }

  [[noreturn]] void Run() {
    for (;;) {
      const Duration most = answers_.empty() ? Duration::max() : answers_.top().due - Now();
      for (const epoll_event& event : poll_.Wait(std::max(most, Duration::zero()))) {
        Source& source = *static_cast<Source*>(event.data.ptr);
        if (source.listens) {
          Take(source);
        } else {
          Read(static_cast<Client&>(source));
        }
      }
      // After the events: what leaves here may have been one of them.
      SendWhatIsDue();
    }
  }

 private:
  Site* SiteOf(const Source& source) {
    return source.server < sites_.size() ? &sites_[source.server] : nullptr;
  }

  void Take(Source& listener) {
    Site* const site = SiteOf(listener);
    if (site != nullptr && site->plan.connections != 0 &&
        site->connections >= site->plan.connections) {
      return poll_.Change(listener.fd.get(), 0, &listener);
    }
    net::Fd fd = Accept(listener.fd);
    if (!fd.valid()) return;
    const auto client = std::make_shared<Client>(Client{{std::move(fd), listener.server, false}});
    client->self = client;
    poll_.Add(client->fd.get(), EPOLLIN, client.get());
    if (site != nullptr) ++site->connections;
  }

  void Drop(Client& client) {
    client.fd = net::Fd();
    if (Site* const site = SiteOf(client)) {
      --site->connections;
      poll_.Change(site->listener.fd.get(), EPOLLIN, &site->listener);
    }
    client.self.reset();  // may end it
  }

  void Read(Client& client) {
    const ssize_t count = ::recv(client.fd.get(), block_, sizeof block_, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count == 0 && client.waits && !client.left) {
      // As most application servers, it looks at nothing before it has something to say.
      client.left = true;
      return poll_.Change(client.fd.get(), 0, &client);
    }
    if (count <= 0 || client.unread.size() > kMostHeadBytes) return Drop(client);
    client.unread.append(block_, static_cast<size_t>(count));
    Next(client);
  }

  // Begins the next request that was read whole, unless one is under way.
  void Next(Client& client) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const size_t end = client.unread.find(kEnd);
    if (client.waits || end == std::string::npos) return;
    std::string_view head = std::string_view(client.unread).substr(0, end);
    CutNext(head, ' ');
    const std::string target(CutNext(head, ' '));
    client.unread.erase(0, end + kEnd.size());
    if (Site* const site = SiteOf(client)) return Begin(client, *site, target);
    Send(client, Message(200, Control(target)));
  }

  void Begin(Client& client, Site& site, std::string_view target) {
    const TimePoint now = Now();
    const uint64_t work = QueryNumber(target, "work", 0);
    const ServerModel& model = site.server->model();
    const bool refused = model.refuses_at != 0 && site.ledger.held() >= model.refuses_at;
    const bool fails = site.failing != 0 && chance_() % 1000 < site.failing;
    const Duration units =
        fails ? model.fail_after : model.mean / 1000 * static_cast<int64_t>(work);
    const TimePoint due =
        refused ? now : site.server->Take(now, site.server->Stretched(units, now));
    const int status = refused ? 429 : fails ? 500 : 200;
    client.waits = true;
    if (work != 0) site.ledger.Take(now);
    answers_.push({now, due, client.self, units, status, work != 0 ? era_ : kUncounted});
  }

  void SendWhatIsDue() {
    for (TimePoint now = Now(); !answers_.empty() && answers_.top().due <= now; now = Now()) {
      const Answer answer = answers_.top();
      answers_.pop();
      Client& client = *answer.client;
      const bool heard = client.self != nullptr && !client.left;
      if (answer.era == era_) {
        SiteOf(client)->ledger.Finish(answer.work, now - answer.came, now - answer.due, heard);
      }
      if (client.self == nullptr) continue;
      client.waits = false;
      Send(client, answer.status == 200 ? ok_ : Message(answer.status, ""));
      if (client.left && client.self != nullptr) Drop(client);
      if (client.self != nullptr) Next(client);
    }
  }

  // Small beside a socket's buffer, or (statistics) read at once: what does not fit is a client
  // that does not read.
  void Send(Client& client, std::string_view bytes) {
    if (load::Send(client.fd.get(), bytes.data(), bytes.size()) !=
        static_cast<ssize_t>(bytes.size())) {
      Drop(client);
    }
  }

  std::string Control(std::string_view target) {
    if (target == "/begin") {
      const TimePoint now = Now();
      for (Site& site : sites_) {
        if (!site.plan.slots_of.has_value()) *site.server = ModelServer(site.plan.model, now);
        site.ledger = Ledger(now);
      }
      ++era_;  // what is under way is of the time before
    } else if (target.starts_with("/fail?")) {
      const uint64_t only = QueryNumber(target, "server", sites_.size());
      for (size_t i = 0; i < sites_.size(); ++i) {
        if (only != sites_.size() && only != i) continue;
        sites_[i].failing = static_cast<uint32_t>(QueryNumber(target, "share", 0));
      }
    } else if (target.starts_with("/slots?")) {
      const uint64_t server = QueryNumber(target, "server", 0);
      const uint64_t slots = QueryNumber(target, "slots", 0);
      if (server >= sites_.size() || slots < 1 || slots > kMostSlots) return "no\n";
      sites_[server].server->Resize(static_cast<uint32_t>(slots), Now());
    } else if (target == "/stats") {
      return absl::StrFormat("[%s]",
                             absl::StrJoin(sites_, ",", [](std::string* out, const Site& s) {
                               out->append(s.ledger.Json());
                             }));
    }
    return "done\n";
  }

  Poll poll_;
  std::vector<Site> sites_;
  Source control_;
  std::priority_queue<Answer, std::vector<Answer>, Later> answers_;
  std::mt19937_64 chance_{1};
  uint64_t era_ = 1;
  const std::string ok_ = Message(200, "hello, shop\n");
  char block_[16 * 1024];
};

}  // namespace

void ServeFarm(const std::vector<FarmServer>& servers, uint16_t control_port) {
  std::make_unique<Farm>(servers, control_port)->Run();
}

}  // namespace sluice::load
