#include "proxy/net/resolver.h"

#include <ares.h>
#include <ares_nameser.h>
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

Answer<Ip> Collect(const ares_addrinfo& answer) {
  Answer<Ip> resolved{{}, Duration::max()};
  for (const ares_addrinfo_node* node = answer.nodes; node != nullptr; node = node->ai_next) {
    resolved.records.push_back(Ip::From(*node->ai_addr));
    resolved.ttl = std::min<Duration>(resolved.ttl, std::chrono::seconds(node->ai_ttl));
  }
  for (const ares_addrinfo_cname* name = answer.cnames; name != nullptr; name = name->next) {
    resolved.ttl = std::min<Duration>(resolved.ttl, std::chrono::seconds(name->ttl));
  }
  const auto before = [](const Ip& a, const Ip& b) { return a.bytes < b.bytes; };
  std::sort(resolved.records.begin(), resolved.records.end(), before);
  resolved.records.erase(std::unique(resolved.records.begin(), resolved.records.end()),
                         resolved.records.end());
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
  template <typename Record>
  struct Question {
    Channel* channel;
    std::string name;
    Done<Record> done;
  };

  Channel(Loop& on, const ResolverOptions& options);
  ~Channel() override;

  void Ask(std::string_view name, Done<Ip> done);
  void AskService(std::string_view name, Done<Service> done);
  bool InHosts(const std::string& name, Answer<Ip>& resolved);
  template <typename Record>
  void Settle(Done<Record> done, absl::StatusOr<Answer<Record>> answer);
  void OnDeferred() override;
  void OnTick();
  void Watch(ares_socket_t fd, bool readable, bool writable);
  template <typename Record>
  Question<Record>* Open(std::string_view name, Done<Record> done);
  // Null when nobody wants the answer any more.
  template <typename Record>
  static std::unique_ptr<Question<Record>> Close(void* question);
  static void OnAnswer(void* question, int status, int timeouts, ares_addrinfo* answer);
  static void OnService(void* question, int status, int timeouts, unsigned char* answer, int size);
  static void OnReady(uv_poll_t* handle, int status, int events);

  Loop& loop;
  ares_channel hosts = nullptr;  // asks /etc/hosts only, and answers at once
  ares_channel dns = nullptr;
  int broken = ARES_SUCCESS;  // why there is no channel
  bool closing = false;
  size_t open_questions = 0;
  absl::flat_hash_map<ares_socket_t, Poll*> polls;
  std::vector<absl::AnyInvocable<void()>> answers;  // to be given out
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

void Resolver::Channel::Ask(std::string_view name, Done<Ip> done) {
  if (const std::optional<Ip> ip = Ip::Parse(name)) {
    return Settle<Ip>(std::move(done), Answer<Ip>{{*ip}, kNumericTtl});
  }
  if (broken != ARES_SUCCESS) return Settle<Ip>(std::move(done), Unresolved(name, broken));
  const std::string text(name);
  if (Answer<Ip> found; InHosts(text, found)) {
    return Settle<Ip>(std::move(done), std::move(found));
  }
  // RFC 6761 section 6.3: no name server is asked for these, hosts file or not.
  if (const std::string lower = LowerCase(text);
      lower == "localhost" || lower.ends_with(".localhost")) {
    return Settle<Ip>(std::move(done),
                      Answer<Ip>{{*Ip::Parse("::1"), *Ip::Parse("127.0.0.1")}, kHostsTtl});
  }
  const ares_addrinfo_hints hints = Hints();
  ares_getaddrinfo(dns, text.c_str(), nullptr, &hints, OnAnswer, Open<Ip>(name, std::move(done)));
}

void Resolver::Channel::AskService(std::string_view name, Done<Service> done) {
  if (broken != ARES_SUCCESS) return Settle<Service>(std::move(done), Unresolved(name, broken));
  ares_search(dns, std::string(name).c_str(), ns_c_in, ns_t_srv, OnService,
              Open<Service>(name, std::move(done)));
}

bool Resolver::Channel::InHosts(const std::string& name, Answer<Ip>& resolved) {
  const ares_addrinfo_hints hints = Hints();
  ares_getaddrinfo(
      hosts, name.c_str(), nullptr, &hints,
      [](void* to, int status, int, ares_addrinfo* answer) {
        if (status == ARES_SUCCESS) *static_cast<Answer<Ip>*>(to) = Collect(*answer);
        if (answer != nullptr) ares_freeaddrinfo(answer);
      },
      &resolved);
  resolved.ttl = kHostsTtl;
  return !resolved.records.empty();
}

template <typename Record>
Resolver::Channel::Question<Record>* Resolver::Channel::Open(std::string_view name,
                                                             Done<Record> done) {
  if (open_questions++ == 0) loop.Arm(tick, kTick);
  return new Question<Record>{this, std::string(name), std::move(done)};
}

template <typename Record>
std::unique_ptr<Resolver::Channel::Question<Record>> Resolver::Channel::Close(void* question) {
  std::unique_ptr<Question<Record>> closed(static_cast<Question<Record>*>(question));
  --closed->channel->open_questions;
  if (closed->channel->closing) closed.reset();
  return closed;
}

void Resolver::Channel::OnAnswer(void* arg, int status, int, ares_addrinfo* answer) {
  if (const auto question = Close<Ip>(arg)) {
    absl::StatusOr<Answer<Ip>> resolved = Unresolved(question->name, ARES_ENODATA);
    if (status != ARES_SUCCESS) {
      resolved = Unresolved(question->name, status);
    } else if (answer->nodes != nullptr) {
      resolved = Collect(*answer);
    }
    question->channel->Settle<Ip>(std::move(question->done), std::move(resolved));
  }
  if (answer != nullptr) ares_freeaddrinfo(answer);
}

void Resolver::Channel::OnService(void* arg, int status, int, unsigned char* bytes, int size) {
  const auto question = Close<Service>(arg);
  if (question == nullptr) return;
  absl::StatusOr<Answer<Service>> answer = Unresolved(question->name, status);
  if (status == ARES_SUCCESS) {
    answer = ParseServiceReply({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
    if (!answer.ok()) {
      answer = absl::Status(answer.status().code(),
                            absl::StrFormat("cannot resolve %s: %s", question->name,
                                            std::string(answer.status().message())));
    }
  }
  question->channel->Settle<Service>(std::move(question->done), std::move(answer));
}

// c-ares may still be on the stack, and `done` may ask again: answers go out at the callback's end.
template <typename Record>
void Resolver::Channel::Settle(Done<Record> done, absl::StatusOr<Answer<Record>> answer) {
  answers.push_back(
      [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
  loop.Defer(*this);
}

void Resolver::Channel::OnDeferred() {
  std::vector<absl::AnyInvocable<void()>> ready;
  ready.swap(answers);
  for (absl::AnyInvocable<void()>& answer : ready) answer();
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

void Resolver::Resolve(std::string_view name, Done<Ip> done) {
  channel_->Ask(name, std::move(done));
}

void Resolver::ResolveService(std::string_view name, Done<Service> done) {
  channel_->AskService(name, std::move(done));
}

}  // namespace sluice::net
