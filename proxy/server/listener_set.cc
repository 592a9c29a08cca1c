#include "proxy/server/listener_set.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/server/tls_setup.h"

namespace sluice::server {
namespace {

std::string PathOf(const conf::Listener& listener) {
  return listener.address.substr(std::string_view("unix:").size());
}

// Of what is at the path; nothing is at {0, 0}.
std::pair<dev_t, ino_t> FileAt(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

}  // namespace

void Listening::Close() {
  if (!sockets.empty() && bound.family() == AF_UNIX && FileAt(PathOf(*spec)) == file) {
    unlink(PathOf(*spec).c_str());
  }
  sockets.clear();
}

absl::Status ListenerSet::Apply(const std::vector<conf::Listener>& listeners, Contexts contexts,
                                uint32_t derived_limit) {
  SLUICE_CHECK(contexts.size() == listeners.size());
  std::vector<std::shared_ptr<Listening>> next;
  for (const conf::Listener& listener : listeners) {
    const auto same = std::find_if(open_.begin(), open_.end(), [&](const auto& open) {
      return open->spec->address == listener.address;
    });
    if (same != open_.end()) {
      next.push_back(*same);
      continue;
    }
    auto fresh = std::make_shared<Listening>(listener, workers_);
    if (absl::Status status = Open(*fresh, !FreesPortOf(listeners, listener)); !status.ok()) {
      return status;
    }
    next.push_back(std::move(fresh));
  }
  for (size_t i = 0; i < listeners.size(); ++i) {
    next[i]->spec = std::make_shared<const conf::Listener>(listeners[i]);
    next[i]->tls = std::move(contexts[i]);
    next[i]->handshakes = HandshakeGate::For(listeners[i], next[i]->handshakes);
    next[i]->newcomers = AddressRate::For(listeners[i].new_connections_per_address,
                                          listeners[i].new_connections_burst, next[i]->newcomers);
    next[i]->open.SetLimit(listeners[i].max_connections != 0 ? listeners[i].max_connections
                                                             : derived_limit);
  }
  open_.swap(next);
  for (const std::shared_ptr<Listening>& old : next) {
    if (std::find(open_.begin(), open_.end(), old) == open_.end()) old->Close();
  }
  return absl::OkStatus();
}

void ListenerSet::LogConcerns(WallTime now) const {
  for (const std::shared_ptr<Listening>& listening : open_) {
    if (listening->tls != nullptr) LogAll(ConcernsOf(*listening->spec, *listening->tls, now));
  }
}

void ListenerSet::CloseAll() {
  for (const std::shared_ptr<Listening>& listening : open_) listening->Close();
  open_.clear();
}

bool ListenerSet::FreesPortOf(const std::vector<conf::Listener>& next,
                              const conf::Listener& fresh) const {
  const uint16_t port = Address::Parse(fresh.address)->port();
  return std::any_of(open_.begin(), open_.end(), [&](const auto& open) {
    const bool stays = std::any_of(next.begin(), next.end(), [&](const conf::Listener& listener) {
      return listener.address == open->spec->address;
    });
    return !stays && port != 0 && open->bound.port() == port;
  });
}

absl::Status ListenerSet::Open(Listening& listening, bool exclusive) {
  const conf::Listener& spec = *listening.spec;
  std::optional<Address> address = Address::Parse(spec.address);
  SLUICE_CHECK(address.has_value());  // the loader has parsed it
  const bool is_unix = address->family() == AF_UNIX;
  const size_t count = is_unix ? 1 : workers_;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<net::Fd> fd =
        net::BindListener(*address, {.backlog = static_cast<int>(spec.backlog),
                                     .reuse_port = !is_unix,
                                     .exclusive = exclusive && i == 0});
    if (!fd.ok()) {
      return absl::Status(fd.status().code(), absl::StrFormat("listener %s: %s", spec.address,
                                                              std::string(fd.status().message())));
    }
    listening.sockets.push_back(std::make_shared<const net::Fd>(*std::move(fd)));
    // The sockets of port 0 share the port that the first was given.
    *address = net::BoundAddress(listening.sockets.front()->get());
  }
  listening.bound = *address;
  if (is_unix) {
    unsigned mode = 0666;
    std::from_chars(spec.unix_mode.data(), spec.unix_mode.data() + spec.unix_mode.size(), mode, 8);
    chmod(PathOf(spec).c_str(), mode);
    listening.file = FileAt(PathOf(spec));
  }
  return absl::OkStatus();
}

std::vector<Binding> ListenerSet::BindingsFor(size_t worker) const {
  std::vector<Binding> bindings;
  for (const std::shared_ptr<Listening>& listening : open_) {
    const size_t which = listening->sockets.size() == 1 ? 0 : worker;
    bindings.push_back({listening, listening->spec, listening->tls, listening->handshakes,
                        listening->newcomers, listening->sockets[which]});
  }
  return bindings;
}

}  // namespace sluice::server
