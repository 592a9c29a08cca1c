// Client: the connection to the shared store, Redis or what speaks its protocol (RESP2). One
// connection, kept open: it finds the address by name, connects, greets (AUTH, SELECT, SCRIPT LOAD)
// and is then there for calls. Whatever goes wrong ends the connection: an error for an answer
// (READONLY, LOADING, NOAUTH, OOM …), bytes that are no answer, an answer that is late, or the end.
// The calls that were under way are then told that nothing is known of their outcome, and after a
// back-off of kFirstBackoff, doubled up to kLongestBackoff and jittered, it begins anew. So a
// store that moved is found again, and what is wrong with one needs no rules by kind.
//
// It is up from the first good answer to a call until something goes wrong; a change is logged once
// with its reason, a reason that stays is not said again.
//
// Threads: the loop's. Bounds: kMostCalls at once, answers as in reply.h. Errors: calls are told,
// `changed` is run, troubles are counted; none ends the process.
#ifndef SLUICE_PROXY_STORE_CLIENT_H_
#define SLUICE_PROXY_STORE_CLIENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "proxy/base/deadline.h"
#include "proxy/net/dialer.h"
#include "proxy/net/loop.h"
#include "proxy/net/resolver.h"
#include "proxy/net/stream.h"
#include "proxy/store/reply.h"

namespace sluice::store {

struct Options {
  std::string host = {};  // a name, an address without brackets, or "unix:/run/redis.sock"
  uint16_t port = 6379;
  std::string user = {};      // empty with a password: the default user
  std::string password = {};  // empty: no AUTH
  uint32_t database = 0;
  Duration connect_timeout = std::chrono::seconds(1);
  Duration answer_timeout = std::chrono::milliseconds(500);
  std::string_view script = {};  // what Run() runs; lives as long as the client
  uint64_t seed = 0;             // of the jitter
};

// What made the store silent, for counting.
enum class Trouble : uint8_t { kName, kConnect, kTimeout, kClosed, kGarbage, kRefused };
inline constexpr size_t kTroubles = 6;
// "name", "connect", "timeout", "closed", "garbage", "refused".
std::string_view TroubleName(Trouble trouble);

class Client final : private net::StreamEvents {
 public:
  static constexpr size_t kMostCalls = 32;
  static constexpr Duration kFirstBackoff = std::chrono::milliseconds(100);
  static constexpr Duration kLongestBackoff = std::chrono::milliseconds(1600);

  struct Stats {
    uint64_t connects = 0;  // that came to the end of the greeting
    uint64_t answers = 0;   // good ones, to calls
    std::array<uint64_t, kTroubles> troubles{};
    Duration round_trips{};  // the sum over `answers`
    Duration silent{};       // up to the last change, see silent()
  };

  // `changed` runs when up() has changed, from the loop. It must not destroy the client.
  Client(net::Loop& loop, net::Resolver& resolver, Options options,
         absl::AnyInvocable<void()> changed);
  ~Client() override;  // calls under way are never told
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Null: nobody knows whether the call was carried out. Never an error.
  using Done = absl::AnyInvocable<void(const Reply*)>;
  // False, and `done` is never run, when the store is not connected or has enough to do. Else
  // `done` runs exactly once, from the loop. REQUIRES: a command.
  bool Call(const std::vector<std::string>& command, Done done);
  // Calls that would be taken now.
  size_t room() const;
  // The script with "number of keys, keys, arguments": EVALSHA, and EVAL where the store has
  // forgotten it.
  bool Run(std::vector<std::string> arguments, Done done);
  // What was seen in an answer makes no sense to the caller: ends the connection.
  void Distrust(std::string_view why);

  bool connected() const { return state_ == State::kReady; }
  bool up() const { return up_; }
  // Why it is not up, or was not the last time.
  const std::string& reason() const { return reason_; }
  const Stats& stats() const { return stats_; }
  // All the time it was not up, by now.
  Duration silent() const;
  TimePoint now() const { return loop_.now(); }
  // host:port, or the socket.
  std::string where() const;

 private:
  enum class State : uint8_t { kWaiting, kResolving, kDialing, kGreeting, kReady };
  struct Pending {
    Done done;  // null: the greeting
    TimePoint sent{};
    bool secret = false;              // the answer may repeat what was said
    std::vector<std::string> script;  // the arguments, until it is sure that EVALSHA will do
  };

  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override {}
  void OnFlushed() override {}

  void Begin();
  void Dial(const Address& address);
  void OnConnected(std::unique_ptr<net::Socket> socket, int error);
  void Greet();
  void Send(const std::vector<std::string>& command, Pending pending);
  void OnReply(const Reply& reply);
  void OnGreeted(const Reply& reply);
  void OnSilence();
  void Fail(Trouble trouble, std::string reason);
  void SetUp(bool up);

  net::Loop& loop_;
  net::Resolver& resolver_;
  const Options options_;
  absl::AnyInvocable<void()> changed_;
  State state_ = State::kWaiting;
  bool up_ = false;
  std::string reason_;
  TimePoint silent_since_;
  uint32_t failures_ = 0;  // since the last good answer
  uint64_t random_;
  std::string sha_;  // of the script; from the greeting
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<net::Socket> socket_;
  std::unique_ptr<ReplyReader> reader_;
  std::deque<Pending> pending_;  // in the order sent
  size_t greetings_ = 0;         // unanswered
  Stats stats_;
  // A look-up that outlives what asked for it finds that here.
  std::shared_ptr<Client*> self_ = std::make_shared<Client*>(this);
  BoundDeadline<Client, &Client::OnSilence> silence_{this};
  BoundDeadline<Client, &Client::Begin> again_{this};
};

}  // namespace sluice::store

#endif  // SLUICE_PROXY_STORE_CLIENT_H_
