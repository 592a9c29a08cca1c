#include "bench/load/waiters/waiters.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <queue>
#include <sstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/load/http_head.h"
#include "bench/load/loopback.h"
#include "bench/load/steady/answer_reader.h"
#include "proxy/base/text.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMostConnecting = 5s;
constexpr size_t kTicketChars = 60;

// Of a process: its processor time and resident memory, out of /proc.
struct Look {
  Duration worked{};
  int64_t resident = 0;
};

std::optional<Look> LookAt(pid_t pid) {
  std::ifstream stat(absl::StrFormat("/proc/%d/stat", pid));
  std::string text;
  if (!std::getline(stat, text)) return std::nullopt;
  // The name, in brackets, may hold anything; behind it come the third field and on.
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  int64_t user = 0, system = 0, pages = 0;
  fields >> user >> system;
  for (int i = 16; i < 24; ++i) fields >> skipped;
  fields >> pages;
  return Look{.worked = (user + system) * Duration(1s) / ::sysconf(_SC_CLK_TCK),
              .resident = pages * ::sysconf(_SC_PAGESIZE)};
}

using Ticket = std::array<char, kTicketChars>;

struct Visitor {
  Ticket ticket = {};
  bool has_ticket = false;
  bool inside = false;  // a shopper
};

// A visit that is due, of visitors_[who].
struct Visit {
  TimePoint at;
  uint32_t who;
};
struct Later {
  bool operator()(const Visit& a, const Visit& b) const { return a.at > b.at; }
};

struct Line {
  net::Fd fd = {};
  bool busy = false;
  bool entry = false;  // of who has no ticket yet
  Visit visit = {};
  AnswerReader reader = {};
};

class Waiters {
 public:
  Waiters(const WaitersPlan& plan, std::vector<Line> shoppers, std::vector<Line> waiters)
      : plan_(plan), shoppers_(std::move(shoppers)), waiters_(std::move(waiters)) {
    for (Line& line : shoppers_) poll_.Add(line.fd.get(), EPOLLIN, &line);
    for (Line& line : waiters_) {
      poll_.Add(line.fd.get(), EPOLLIN, &line);
      free_.push_back(&line);
    }
    visitors_.resize(plan.shoppers + plan.waiters);
  }

  absl::StatusOr<WaitersTally> Run() {
    const TimePoint begun = Now(), crowd = begun + plan_.rest;
    const Duration gap(static_cast<Duration::rep>(1e9 / plan_.arrivals));
    const Duration page(static_cast<Duration::rep>(1e9 * plan_.shoppers / plan_.pages));
    for (uint32_t i = 0; i < plan_.shoppers; ++i) {
      visitors_[i].inside = true;
      pages_.push({begun + page * i / plan_.shoppers, i});
    }
    for (uint32_t i = 0; i < plan_.waiters; ++i)
      visits_.push({crowd + gap * i, plan_.shoppers + i});
    watch_from_ = crowd + gap * plan_.waiters + plan_.settle;
    page_gap_ = page;
    const std::optional<Look> rest = GoOn(crowd);
    crowd_ = true;
    const std::optional<Look> before = GoOn(watch_from_);
    const std::optional<Look> after = GoOn(watch_from_ + plan_.length);
    if (!rest || !before || !after) return absl::UnavailableError("the watched process is gone");
    tally_.share = static_cast<double>((after->worked - before->worked).count()) /
                   static_cast<double>(plan_.length.count());
    tally_.grown = after->resident - rest->resident;
    return std::move(tally_);
  }

 private:
  // Until then; and how the watched is at that moment.
  std::optional<Look> GoOn(TimePoint end) {
    for (TimePoint now = Now(); now < end; now = Now()) {
      while (!pages_.empty() && pages_.top().at <= now) Begin(pages_, shoppers_[pages_.top().who]);
      while (!visits_.empty() && visits_.top().at <= now && !free_.empty()) {
        // In turn, so that none is idle for long.
        Line& line = *free_.front();
        free_.pop_front();
        Begin(visits_, line);
      }
      TimePoint wake = end;
      if (!pages_.empty()) wake = std::min(wake, pages_.top().at);
      if (!visits_.empty() && !free_.empty()) wake = std::min(wake, visits_.top().at);
      for (const epoll_event& event : poll_.Wait(std::max(wake - now, Duration::zero()))) {
        OnReady(*static_cast<Line*>(event.data.ptr));
      }
    }
    return plan_.watched == 0 ? Look() : LookAt(plan_.watched);
  }

  template <typename Queue>
  void Begin(Queue& queue, Line& line) {
    line.visit = queue.top();
    queue.pop();
    const TimePoint now = Now();
    if (now >= watch_from_) tally_.most_late = std::max(tally_.most_late, now - line.visit.at);
    const Visitor& visitor = visitors_[line.visit.who];
    std::string request =
        absl::StrFormat("GET %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n",
                        visitor.has_ticket && !visitor.inside ? "/.sluice/waiting-room/" : "/",
                        visitor.has_ticket && !visitor.inside ? plan_.room : "", plan_.port);
    if (visitor.has_ticket) {
      absl::StrAppendFormat(&request, "Cookie: __sluice_%s=%s\r\n", plan_.room,
                            std::string_view(visitor.ticket.data(), kTicketChars));
    }
    request += "\r\n";
    line.reader.Reset();
    line.busy = true;
    line.entry = !visitor.has_ticket;
    if (Send(line.fd.get(), request.data(), request.size()) !=
        static_cast<ssize_t>(request.size())) {
      Lose(line);
    }
  }

  void OnReady(Line& line) {
    if (!line.fd.valid()) return;
    const ssize_t count = ::recv(line.fd.get(), block_, sizeof block_, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0 && !line.busy) return Connect(line);
    if (count <= 0 || !line.busy) return Lose(line);
    switch (line.reader.Feed({block_, static_cast<size_t>(count)})) {
      case AnswerReader::State::kMore:
        return;
      case AnswerReader::State::kBroken:
        return Lose(line);
      case AnswerReader::State::kDone:
        break;
    }
    line.busy = false;
    TakeTicket(line);
    if (visitors_[line.visit.who].inside) return OnPage(line);
    OnVisit(line);
    if (line.reader.closes()) Connect(line);
    free_.push_back(&line);
  }

  void TakeTicket(const Line& line) {
    std::string_view given = FieldOf(line.reader.head(), "Set-Cookie");
    const std::string name = absl::StrFormat("__sluice_%s=", plan_.room);
    if (!given.starts_with(name)) return;
    given.remove_prefix(name.size());
    if (given.size() < kTicketChars) return;
    Visitor& visitor = visitors_[line.visit.who];
    std::copy_n(given.data(), kTicketChars, visitor.ticket.data());
    visitor.has_ticket = true;
  }

  void OnPage(Line& line) {
    const TimePoint now = Now();
    if (line.reader.status() != 200 || !visitors_[line.visit.who].has_ticket ||
        !FieldOf(line.reader.head(), "Retry-After").empty()) {
      ++tally_.strays;
    } else if (!crowd_ && !line.entry) {
      tally_.at_rest.push_back(now - line.visit.at);
    } else if (crowd_ && line.visit.at >= watch_from_) {
      tally_.in_crowd.push_back(now - line.visit.at);
    }
    if (line.reader.closes()) Connect(line);
    pages_.push({line.visit.at + page_gap_, line.visit.who});
  }

  void OnVisit(const Line& line) {
    const TimePoint now = Now();
    const auto poll = ParseDecimal(FieldOf(line.reader.head(), "Retry-After"));
    if (!poll || !visitors_[line.visit.who].has_ticket) {
      ++tally_.strays;
      return;
    }
    tally_.visits += now >= watch_from_ ? 1 : 0;
    visits_.push({now + std::chrono::seconds(*poll), line.visit.who});
  }

  // In place of one that was closed.
  void Connect(Line& line) {
    line.fd = load::Connect(plan_.port);
    AwaitConnected(line.fd, Now() + kMostConnecting);
    poll_.Add(line.fd.get(), EPOLLIN, &line);
  }

  // Whoever used it does not come again.
  void Lose(Line& line) {
    ++tally_.strays;
    line.busy = false;
    Connect(line);
    if (!visitors_[line.visit.who].inside) free_.push_back(&line);
  }

  const WaitersPlan plan_;
  Poll poll_;
  std::vector<Line> shoppers_, waiters_;
  std::deque<Line*> free_;
  std::vector<Visitor> visitors_;  // shoppers first
  std::priority_queue<Visit, std::vector<Visit>, Later> pages_, visits_;
  TimePoint watch_from_{};
  Duration page_gap_{};
  bool crowd_ = false;
  WaitersTally tally_;
  char block_[64 * 1024];
};

}  // namespace

absl::StatusOr<WaitersTally> RunWaiters(const WaitersPlan& plan) {
  const TimePoint patience = Now() + kMostConnecting;
  std::vector<Line> shoppers(plan.shoppers), waiters(plan.connections);
  for (std::vector<Line>* const lines : {&shoppers, &waiters}) {
    for (Line& line : *lines) line.fd = Connect(plan.port);
    for (const Line& line : *lines) {
      if (AwaitConnected(line.fd, patience)) continue;
      return absl::UnavailableError(
          absl::StrFormat("cannot connect to 127.0.0.1:%d: %s", plan.port, std::strerror(errno)));
    }
  }
  return std::make_unique<Waiters>(plan, std::move(shoppers), std::move(waiters))->Run();
}

}  // namespace sluice::load
