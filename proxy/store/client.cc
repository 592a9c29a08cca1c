#include "proxy/store/client.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/net/error.h"

namespace sluice::store {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr size_t kDigest = 40;  // SHA-1 in hex
// Of what a store says about itself, in the log and in /status.
constexpr size_t kLongestReason = 120;

// The first word of an error: "WRONGPASS".
std::string_view CodeOf(std::string_view error) { return error.substr(0, error.find(' ')); }

}  // namespace

std::string_view TroubleName(Trouble trouble) {
  constexpr std::array<std::string_view, kTroubles> kNames = {"name",   "connect", "timeout",
                                                              "closed", "garbage", "refused"};
  return kNames[static_cast<size_t>(trouble)];
}

Client::Client(net::Loop& loop, net::Resolver& resolver, Options options,
               absl::AnyInvocable<void()> changed)
    : loop_(loop),
      resolver_(resolver),
      options_(std::move(options)),
      changed_(std::move(changed)),
      silent_since_(loop.now()),
      random_(options_.seed | 1) {
  // From the loop, like all that follows.
  loop_.Arm(again_, Duration{});
}

Client::~Client() { *self_ = nullptr; }

std::string Client::where() const {
  if (options_.host.starts_with(kUnix)) return options_.host;
  const bool v6 = options_.host.find(':') != std::string::npos;
  return absl::StrFormat("%s%s%s:%d", v6 ? "[" : "", options_.host, v6 ? "]" : "", options_.port);
}

Duration Client::silent() const {
  return up_ ? stats_.silent : stats_.silent + (loop_.now() - silent_since_);
}

// Connecting.

void Client::Begin() {
  state_ = State::kResolving;
  if (options_.host.starts_with(kUnix)) {
    const std::optional<Address> address = Address::Parse(options_.host);
    if (!address) return Fail(Trouble::kName, "this is no path of a socket");
    return Dial(*address);
  }
  resolver_.Resolve(options_.host, [alive = self_](absl::StatusOr<net::Answer<Ip>> answer) {
    Client* const self = *alive;
    if (self == nullptr) return;
    if (!answer.ok()) return self->Fail(Trouble::kName, std::string(answer.status().message()));
    // Of several addresses the next one each time: the first may be of the one that is down.
    const Ip& ip = answer->records[self->failures_ % answer->records.size()];
    self->Dial(Address::From(ip, self->options_.port));
  });
}

void Client::Dial(const Address& address) {
  state_ = State::kDialing;
  dial_ =
      std::make_unique<net::Dial>(loop_, address, options_.connect_timeout, net::SocketOptions{},
                                  [this](std::unique_ptr<net::Socket> socket, int error) {
                                    OnConnected(std::move(socket), error);
                                  });
}

void Client::OnConnected(std::unique_ptr<net::Socket> socket, int error) {
  loop_.Retire(std::move(dial_));
  if (error != 0) return Fail(Trouble::kConnect, std::string(net::ErrorText(error)));
  socket_ = std::move(socket);
  socket_->SetEvents(this);
  socket_->StartReading();
  reader_ = std::make_unique<ReplyReader>();
  Greet();
}

void Client::Greet() {
  state_ = State::kGreeting;
  std::vector<std::vector<std::string>> greeting;
  if (!options_.password.empty()) {
    auto& auth = greeting.emplace_back(std::vector<std::string>{"AUTH"});
    if (!options_.user.empty()) auth.push_back(options_.user);
    auth.push_back(options_.password);
  }
  if (options_.database != 0) {
    greeting.push_back({"SELECT", absl::StrFormat("%d", options_.database)});
  }
  if (options_.script.empty()) {
    greeting.push_back({"PING"});
  } else {
    greeting.push_back({"SCRIPT", "LOAD", std::string(options_.script)});
  }
  greetings_ = greeting.size();
  for (const std::vector<std::string>& command : greeting) {
    Send(command, {.done = nullptr, .secret = command.front() == "AUTH", .script = {}});
  }
}

void Client::OnGreeted(const Reply& reply) {
  if (--greetings_ > 0) return;
  if (!options_.script.empty()) {
    if (reply.kind != Reply::Kind::kText || reply.text.size() != kDigest) {
      return Fail(Trouble::kGarbage, "no digest in answer to SCRIPT LOAD");
    }
    sha_ = reply.text;
  }
  ++stats_.connects;
  state_ = State::kReady;
}

// Calls.

void Client::Send(const std::vector<std::string>& command, Pending pending) {
  SLUICE_CHECK(!command.empty());
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  texts.reserve(command.size());
  sizes.reserve(command.size());
  for (const std::string& word : command) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const int size =
      redisFormatCommandArgv(&bytes, static_cast<int>(command.size()), texts.data(), sizes.data());
  SLUICE_CHECK(size > 0);
  socket_->Write(std::string_view(bytes, static_cast<size_t>(size)));
  redisFreeCommand(bytes);
  pending.sent = loop_.now();
  pending_.push_back(std::move(pending));
  if (!silence_.armed()) loop_.Arm(silence_, options_.answer_timeout);
}

size_t Client::room() const {
  if (state_ != State::kReady || socket_->Full()) return 0;
  return kMostCalls - std::min(kMostCalls, pending_.size());
}

bool Client::Call(const std::vector<std::string>& command, Done done) {
  if (room() == 0) return false;
  Send(command, {.done = std::move(done), .script = {}});
  return true;
}

bool Client::Run(std::vector<std::string> arguments, Done done) {
  if (room() == 0) return false;
  arguments.insert(arguments.begin(), {"EVALSHA", sha_});
  Send(arguments, {.done = std::move(done), .script = {}});
  pending_.back().script = std::move(arguments);
  return true;
}

void Client::Distrust(std::string_view why) {
  if (socket_ != nullptr) Fail(Trouble::kGarbage, std::string(why));
}

void Client::OnRead(std::span<char> bytes) {
  reader_->Feed({bytes.data(), bytes.size()});
  // The connection may end with any of them.
  const ReplyReader* const reader = reader_.get();
  while (reader_.get() == reader) {
    const std::optional<Reply> reply = reader_->Next();
    if (!reply) break;
    OnReply(*reply);
  }
  if (reader_.get() == reader && !reader_->wrong().empty()) {
    Fail(Trouble::kGarbage, std::string(reader_->wrong()));
  }
}

void Client::OnReply(const Reply& reply) {
  if (pending_.empty()) return Fail(Trouble::kGarbage, "an answer to nothing");
  Pending answered = std::move(pending_.front());
  pending_.pop_front();
  silence_.Cancel();
  if (!pending_.empty()) loop_.Arm(silence_, options_.answer_timeout);
  if (reply.kind == Reply::Kind::kError) {
    if (CodeOf(reply.text) == "NOSCRIPT" && !answered.script.empty()) {
      answered.script[0] = "EVAL";
      answered.script[1] = options_.script;
      const std::vector<std::string> again = std::exchange(answered.script, {});
      return Send(again, std::move(answered));
    }
    // Told with the others that nothing is known of it.
    const bool secret = answered.secret;
    pending_.push_front(std::move(answered));
    return Fail(Trouble::kRefused, std::string(secret ? CodeOf(reply.text) : reply.text));
  }
  if (answered.done == nullptr) return OnGreeted(reply);
  ++stats_.answers;
  stats_.round_trips += loop_.now() - answered.sent;
  failures_ = 0;
  const ReplyReader* const reader = reader_.get();
  answered.done(&reply);
  if (reader_.get() == reader) SetUp(true);
}

// Silence.

void Client::OnSilence() {
  Fail(Trouble::kTimeout,
       absl::StrFormat(
           "no answer in %d ms",
           std::chrono::duration_cast<std::chrono::milliseconds>(options_.answer_timeout).count()));
}

void Client::OnReadEnd(int error) {
  Fail(Trouble::kClosed,
       error == 0 ? std::string("it closed the connection") : std::string(net::ErrorText(error)));
}

void Client::Fail(Trouble trouble, std::string reason) {
  state_ = State::kWaiting;
  ++stats_.troubles[static_cast<size_t>(trouble)];
  silence_.Cancel();
  if (socket_ != nullptr) socket_->SetEvents(nullptr);
  loop_.Retire(std::move(socket_));
  reader_.reset();
  const uint32_t doublings = std::min(failures_++, uint32_t{4});
  // Quarters of what is left of the step: few lengths (Loop::Arm), and no two machines together.
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  const Duration step = std::min(kFirstBackoff * (1u << doublings), kLongestBackoff);
  loop_.Arm(again_, step / 2 + step / 8 * static_cast<int64_t>(random_ >> 62));
  if (reason.size() > kLongestReason) reason.resize(kLongestReason);
  if (up_ || reason != reason_) {
    static log::Site site;
    log::Warn(site, "store %s: silent: %s", where(), reason);
  }
  reason_ = std::move(reason);
  std::deque<Pending> lost = std::exchange(pending_, {});
  for (Pending& call : lost) {
    if (call.done != nullptr) call.done(nullptr);
  }
  SetUp(false);
}

void Client::SetUp(bool up) {
  if (up_ == up) return;
  up_ = up;
  const TimePoint now = loop_.now();
  if (up) {
    stats_.silent += now - silent_since_;
    static log::Site site;
    log::Info(site, "store %s: answers", where());
  } else {
    silent_since_ = now;
  }
  changed_();
}

}  // namespace sluice::store
