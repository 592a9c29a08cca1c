#include "tests/support/flow/origin.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "proxy/net/acceptor.h"

namespace sluice::test {

std::string Ok(std::string_view body, std::string_view more_fields) {
  return std::string("HTTP/1.1 200 OK\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(more_fields)
      .append("\r\n")
      .append(body);
}

Origin::Origin(const std::string& answer)
    : Origin([answer](Wire& wire, Origin& origin, uint32_t) {
        while (origin.Take(wire) && wire.Send(answer)) {
        }
      }) {}

Origin::Origin(Script script, const std::string& where) : script_(std::move(script)) {
  absl::StatusOr<net::Fd> listener =
      net::BindListener(*Address::Parse(where), {.reuse_port = false});
  if (!listener.ok()) {
    ADD_FAILURE() << listener.status();
    return;
  }
  listener_ = *std::move(listener);
  bound_ = net::BoundAddress(listener_.get());
  address_ = bound_.ToString();
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  wake_read_ = net::Fd(ends[0]);
  wake_write_ = net::Fd(ends[1]);
  thread_ = std::thread([this] { Accept(); });
}

Origin::~Origin() {
  Leave();
  for (Guest& guest : guests_) {
    guest.wire.Interrupt();
    guest.thread.join();
  }
}

void Origin::Leave() {
  if (!thread_.joinable()) return;
  wake_write_ = net::Fd();
  thread_.join();
  listener_ = net::Fd();
}

void Origin::Accept() {
  for (;;) {
    pollfd both[] = {{listener_.get(), POLLIN, 0}, {wake_read_.get(), POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) continue;
    if (both[1].revents != 0) return;
    net::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) continue;
    const std::lock_guard lock(mutex_);
    Guest& guest = guests_.emplace_back(std::move(fd));
    const uint32_t index = accepted_++;
    changed_.notify_all();
    guest.thread = std::thread([this, &guest, index] {
      script_(guest.wire, *this, index);
      guest.wire.Close();
      const std::lock_guard done(mutex_);
      ++ended_;
      changed_.notify_all();
    });
  }
}

bool Origin::Take(Wire& wire) {
  Message request = wire.ReadRequest();
  const bool complete = request.complete;
  if (complete) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    changed_.notify_all();
  }
  return complete;
}

std::vector<Message> Origin::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

Message Origin::last() {
  const std::lock_guard lock(mutex_);
  return requests_.empty() ? Message() : requests_.back();
}

uint32_t Origin::accepted() {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

bool Origin::AwaitEnded(uint32_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return ended_ >= count; });
}

bool Origin::AwaitAccepted(uint32_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return accepted_ >= count; });
}

}  // namespace sluice::test
