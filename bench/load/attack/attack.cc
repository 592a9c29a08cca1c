#include "bench/load/attack/attack.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/h2_frames.h"
#include "bench/load/loopback.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

// In one go on one connection, so that all of them get their turn.
constexpr size_t kMostAtOnce = 64 * 1024;
constexpr Duration kDripEvery = 100ms;
// A peer that does not take connections must not make this a busy loop.
constexpr Duration kRetryAfter = 10ms;

struct Seat {
  net::Fd fd = {};  // not valid() before it is opened again
  bool connecting = false;
  bool silent = false;   // nothing more to say at once: only read
  bool closing = false;  // all is said: waits for the peer's end
  size_t said = 0;
  TimePoint since = {};  // connected
  TimePoint reopen_at = {};
  FrameReader reader = {};
};

class Attack {
 public:
  Attack(const AttackPlan& plan, const Script& script)
      : plan_(plan), script_(script), seats_(plan.connections) {}

  AttackTally Run() {
    const TimePoint start = Now();
    const TimePoint end = start + Duration(std::llround(plan_.seconds * 1e9));
    // Spread over a moment: nobody opens thousands within one turn of the peer's loop.
    for (size_t i = 0; i < seats_.size(); ++i) {
      seats_[i].reopen_at = start + std::min<Duration>(i * 100us, 1s);
      away_.push_back(&seats_[i]);
    }
    TimePoint now = start;
    TimePoint drip_at = start;
    for (; now < end; now = Now()) {
      Reopen(now);
      if (script_.drip > 0 && now >= drip_at) {
        drip_at = now + kDripEvery;
        for (Seat& seat : seats_) Drip(seat, now);
      }
      TimePoint wake = script_.drip > 0 ? drip_at : end;
      for (const Seat* seat : away_) wake = std::min(wake, seat->reopen_at);
      const auto events = poll_.Wait(std::clamp<Duration>(std::min(wake, end) - Now(), 0ns, 100ms));
      for (const epoll_event& event : events) {
        OnReady(*static_cast<Seat*>(event.data.ptr), event.events);
      }
    }
    tally_.took = now - start;
    return std::move(tally_);
  }

 private:
  void Reopen(TimePoint now) {
    std::erase_if(away_, [&](Seat* seat) {
      if (seat->reopen_at > now) return false;
      seat->fd = TryConnect(plan_.port);
      if (!seat->fd.valid()) {
        seat->reopen_at = now + kRetryAfter;
        return false;
      }
      seat->connecting = true;
      seat->silent = seat->closing = false;
      seat->said = 0;
      seat->reader.Reset();
      poll_.Add(seat->fd.get(), EPOLLIN | EPOLLOUT, seat);
      return true;
    });
  }

  void OnReady(Seat& seat, uint32_t events) {
    if (!seat.fd.valid()) return;
    if (seat.connecting) {
      if (!AwaitConnected(seat.fd, TimePoint())) {
        ++tally_.refused;
        return Leave(seat, kRetryAfter);
      }
      seat.connecting = false;
      seat.since = Now();
      ++tally_.opened;
    }
    if ((events & EPOLLIN) != 0 && !Read(seat)) return Cut(seat);
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return Cut(seat);
    if ((events & EPOLLOUT) != 0 && !seat.silent) Say(seat, script_.at_once);
  }

  // False when the peer has ended the connection.
  bool Read(Seat& seat) {
    const ssize_t count = ::recv(seat.fd.get(), block_, sizeof block_, 0);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    if (script_.is_tls) return true;
    return seat.reader.Feed({block_, static_cast<size_t>(count)}, [&](const Frame& frame) {
      if (frame.type == FrameType::kReset) ++tally_.resets;
      if (frame.type == FrameType::kGoAway && frame.payload.size() >= 8) {
        ++tally_.goaways[ReadNumber32(frame.payload.substr(4))];
      }
    });
  }

  // As far as `until`.
  void Say(Seat& seat, size_t until) {
    const size_t most = std::min(until - seat.said, kMostAtOnce);
    const ssize_t sent = most == 0 ? 0 : Send(seat.fd.get(), script_.text.data() + seat.said, most);
    if (sent < 0) return Cut(seat);
    seat.said += static_cast<size_t>(sent);
    tally_.bytes += static_cast<uint64_t>(sent);
    if (seat.said == script_.at_once) {
      seat.silent = true;
      poll_.Change(seat.fd.get(), EPOLLIN, &seat);
    }
    if (seat.said < script_.text.size() || script_.holds || seat.closing) return;
    seat.closing = true;
    ++tally_.finished;
    ::shutdown(seat.fd.get(), SHUT_WR);
  }

  void Drip(Seat& seat, TimePoint now) {
    if (!seat.fd.valid() || !seat.silent || seat.said == script_.text.size()) return;
    const double due = Seconds(now - seat.since) * script_.drip;
    Say(seat, std::min(script_.text.size(), script_.at_once + static_cast<size_t>(due)));
  }

  static double Seconds(Duration value) { return static_cast<double>(value.count()) / 1e9; }

  void Cut(Seat& seat) {
    if (!seat.closing) ++tally_.cut;
    Leave(seat, 0ns);
  }

  void Leave(Seat& seat, Duration wait) {
    const TimePoint now = Now();
    // By a reset, which leaves no local port behind in TIME_WAIT: there are but some ten thousand.
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(seat.fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    seat.fd = net::Fd();
    seat.reopen_at = now + wait;
    if (plan_.reopen > 0) {
      next_ = std::max(next_, now) + Duration(std::llround(1e9 / plan_.reopen));
      seat.reopen_at = std::max(seat.reopen_at, next_);
    }
    away_.push_back(&seat);
  }

  const AttackPlan plan_;
  const Script& script_;
  Poll poll_;
  std::vector<Seat> seats_;
  std::vector<Seat*> away_;
  TimePoint next_ = {};  // when the next connection may be opened again
  AttackTally tally_;
  char block_[64 * 1024];
};

}  // namespace

AttackTally RunAttack(const AttackPlan& plan, const Script& script) {
  const auto attack = std::make_unique<Attack>(plan, script);
  return attack->Run();
}

}  // namespace sluice::load
