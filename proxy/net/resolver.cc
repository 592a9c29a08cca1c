#include "proxy/net/resolver.h"

#include <ares.h>
#include <uv.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace sluice::net {
namespace {

absl::Status Unresolved(std::string_view name, int error) {
  const std::string why = absl::StrFormat("cannot resolve %s: %s", name, ares_strerror(error));
  switch (error) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_ENONAME:
      return absl::NotFoundError(why);
    case ARES_ETIMEOUT:
      return absl::DeadlineExceededError(why);
    case ARES_EBADNAME:
    case ARES_EBADSTR:
      return absl::InvalidArgumentError(why);
    default:
      return absl::UnavailableError(why);
  }
}

Resolved Collect(const ares_addrinfo& answer) {
  Resolved resolved{{}, Duration::max()};
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    resolved.addresses.push_back(Ip::From(*node->ai_addr));
    resolved.ttl = std::min<Duration>(resolved.ttl, std::chrono::seconds(node->ai_ttl));
  }
  for (const ares_addrinfo_cname* name = answer.cnames; name != nullptr; name = name->next) {
    resolved.ttl = std::min<Duration>(resolved.ttl, std::chrono::seconds(name->ttl));
  }
  const auto before = [](const Ip& a, const Ip& b) { return a.bytes < b.bytes; };
  std::sort(resolved.addresses.begin(), resolved.addresses.end(), before);
  resolved.addresses.erase(std::unique(resolved.addresses.begin(), resolved.addresses.end()),
                           resolved.addresses.end());
  return resolved;
}

// All addresses as they come: sorting would open a socket to each (RFC 6724).
ares_addrinfo_hints Hints() {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;
  return hints;
}

}  // namespace

struct Resolver::Channel final : private Deferred {
  struct Poll {
    uv_poll_t uv;
    Channel* channel;
    ares_socket_t fd;
  };
  struct Question {
    Channel* channel;
    std::string name;
    Done done;
  };
  struct Answer {
    Done done;
    absl::StatusOr<Resolved> resolved;
  };

  Channel(Loop& on, const ResolverOptions& options);
  ~Channel() override;

  void Ask(std::string_view name, Done done);
  bool InHosts(const std::string& name, Resolved& resolved);
  void Settle(Done done, absl::StatusOr<Resolved> resolved);
  void OnDeferred() override;
  void OnTick();
  void Watch(ares_socket_t fd, bool readable, bool writable);
  static void OnAnswer(void* question, int status, int timeouts, ares_addrinfo* answer);
  static void OnReady(uv_poll_t* handle, int status, int events);

  Loop& loop;
  ares_channel hosts = nullptr;  // asks /etc/hosts only, and answers at once
  ares_channel dns = nullptr;
  int broken = ARES_SUCCESS;  // why there is no channel
  bool closing = false;
  size_t open_questions = 0;
  absl::flat_hash_map<ares_socket_t, Poll*> polls;
  std::vector<Answer> answers;
  BoundDeadline<Channel, &Channel::OnTick> tick{this};
};

Resolver::Channel::Channel(Loop& on, const ResolverOptions& options) : loop(on) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  SLUICE_CHECK(library == ARES_SUCCESS);
  char files[] = "f";
  char network[] = "b";
  ares_options settings{};
  settings.lookups = files;
  broken = ares_init_options(&hosts, &settings, ARES_OPT_LOOKUPS);
  if (broken != ARES_SUCCESS) return;
  settings.lookups = network;
  settings.timeout = static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout).count());
  settings.tries = options.tries;
  settings.sock_state_cb_data = this;
  settings.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Channel*>(self)->Watch(fd, readable != 0, writable != 0);
  };
  broken = ares_init_options(
      &dns, &settings,
      ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (broken != ARES_SUCCESS || options.servers.empty()) return;
  broken = ares_set_servers_ports_csv(dns, absl::StrJoin(options.servers, ",").c_str());
}

Resolver::Channel::~Channel() {
  closing = true;
  if (dns != nullptr) ares_destroy(dns);
  if (hosts != nullptr) ares_destroy(hosts);
  SLUICE_CHECK(polls.empty());
}

void Resolver::Channel::Ask(std::string_view name, Done done) {
  if (const std::optional<Ip> ip = Ip::Parse(name)) {
    return Settle(std::move(done), Resolved{{*ip}, kNumericTtl});
  }
  if (broken != ARES_SUCCESS) return Settle(std::move(done), Unresolved(name, broken));
  const std::string text(name);
  if (Resolved found; InHosts(text, found)) return Settle(std::move(done), std::move(found));
  // RFC 6761 section 6.3: no name server is asked for these, hosts file or not.
  if (const std::string lower = LowerCase(text);
      lower == "localhost" || lower.ends_with(".localhost")) {
    return Settle(std::move(done),
                  Resolved{{*Ip::Parse("::1"), *Ip::Parse("127.0.0.1")}, kHostsTtl});
  }
  const ares_addrinfo_hints hints = Hints();
  if (open_questions++ == 0) loop.Arm(tick, kTick);
  ares_getaddrinfo(dns, text.c_str(), nullptr, &hints, OnAnswer,
                   new Question{this, text, std::move(done)});
}

bool Resolver::Channel::InHosts(const std::string& name, Resolved& resolved) {
  const ares_addrinfo_hints hints = Hints();
  ares_getaddrinfo(
      hosts, name.c_str(), nullptr, &hints,
      [](void* to, int status, int, ares_addrinfo* answer) {
        if (status == ARES_SUCCESS) *static_cast<Resolved*>(to) = Collect(*answer);
        if (answer != nullptr) ares_freeaddrinfo(answer);
      },
      &resolved);
  resolved.ttl = kHostsTtl;
  return !resolved.addresses.empty();
}

void Resolver::Channel::OnAnswer(void* arg, int status, int, ares_addrinfo* answer) {
  const std::unique_ptr<Question> question(static_cast<Question*>(arg));
  Channel& channel = *question->channel;
  --channel.open_questions;
  if (!channel.closing) {
    absl::StatusOr<Resolved> resolved = Unresolved(question->name, ARES_ENODATA);
    if (status != ARES_SUCCESS) {
      resolved = Unresolved(question->name, status);
    } else if (answer->nodes != nullptr) {
      resolved = Collect(*answer);
    }
    channel.Settle(std::move(question->done), std::move(resolved));
  }
  if (answer != nullptr) ares_freeaddrinfo(answer);
}

// c-ares may still be on the stack, and `done` may ask again: answers go out at the callback's end.
void Resolver::Channel::Settle(Done done, absl::StatusOr<Resolved> resolved) {
  answers.push_back({std::move(done), std::move(resolved)});
  loop.Defer(*this);
}

void Resolver::Channel::OnDeferred() {
  std::vector<Answer> ready;
  ready.swap(answers);
  for (Answer& answer : ready) answer.done(std::move(answer.resolved));
}

void Resolver::Channel::OnTick() {
  ares_process_fd(dns, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  if (open_questions > 0) loop.Arm(tick, kTick);
}

void Resolver::Channel::OnReady(uv_poll_t* handle, int status, int events) {
  const auto* const poll = static_cast<Poll*>(handle->data);
  Loop& loop = poll->channel->loop;
  const bool failed = status < 0;  // c-ares finds out by reading
  ares_process_fd(poll->channel->dns,
                  failed || (events & UV_READABLE) != 0 ? poll->fd : ARES_SOCKET_BAD,
                  (events & UV_WRITABLE) != 0 ? poll->fd : ARES_SOCKET_BAD);
  loop.EndCallback();
}

// c-ares closes a descriptor right after it says that it is neither readable nor writable.
void Resolver::Channel::Watch(ares_socket_t fd, bool readable, bool writable) {
  const auto found = polls.find(fd);
  Poll* poll = found != polls.end() ? found->second : nullptr;
  if (!readable && !writable) {
    if (poll == nullptr) return;
    polls.erase(found);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll->uv),
             [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
    return;
  }
  if (poll == nullptr) {
    poll = new Poll{{}, this, fd};
    SLUICE_CHECK(uv_poll_init_socket(loop.uv(), &poll->uv, fd) == 0);
    poll->uv.data = poll;
    polls.emplace(fd, poll);
  }
  uv_poll_start(&poll->uv, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), OnReady);
}

Resolver::Resolver(Loop& loop, const ResolverOptions& options)
    : channel_(std::make_unique<Channel>(loop, options)) {}

Resolver::~Resolver() = default;

void Resolver::Resolve(std::string_view name, Done done) { channel_->Ask(name, std::move(done)); }

}  // namespace sluice::net
