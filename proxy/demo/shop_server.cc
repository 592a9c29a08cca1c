#include "proxy/demo/shop_server.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/demo/shop_connection.h"
#include "proxy/demo/site.h"

namespace sluice::demo {

namespace {

// A port that somebody else holds just now is asked for again after so long.
constexpr Duration kTryAgain = std::chrono::milliseconds(100);

}  // namespace

ShopServer::ShopServer(Site& site, size_t index)
    : site_(site),
      index_(index),
      name_(absl::StrFormat("web-%d", index + 1)),
      slots_(index < site.options.workers_of.size() ? site.options.workers_of[index]
                                                    : site.options.workers,
             site.options.queue),
      random_(site.options.seed * 0x9e3779b97f4a7c15u + index),
      self_(std::make_shared<ShopServer*>(this)) {
  switches_ =
      std::make_unique<Switches>([loop = &site_.loop, weak = std::weak_ptr<ShopServer*>(self_)] {
        loop->Post([weak] {
          if (const std::shared_ptr<ShopServer*> self = weak.lock()) (*self)->Apply();
        });
      });
}

ShopServer::~ShopServer() { DropAll(); }

absl::Status ShopServer::Open(const Address& address) {
  absl::Status listening = Listen(address);
  if (listening.ok()) address_ = net::BoundAddress(listener_->get());
  return listening;
}

absl::Status ShopServer::Listen(const Address& address) {
  // Without SO_REUSEPORT: two shops on one port would share its shoppers unnoticed.
  absl::StatusOr<net::Fd> fd = net::BindListener(address, {.backlog = 1024, .reuse_port = false});
  if (!fd.ok()) return fd.status();
  listener_.emplace(*std::move(fd));
  acceptor_ = std::make_unique<net::Acceptor>(
      site_.loop, listener_->get(), net::SocketOptions(),
      [this](std::unique_ptr<net::Socket> socket, const Address&) { OnAccept(std::move(socket)); });
  return absl::OkStatus();
}

void ShopServer::OnAccept(std::unique_ptr<net::Socket> socket) {
  ++counters_.accepted;
  connections_.push_back(
      std::make_unique<ShopConnection>(*this, std::move(socket), connections_.size()));
  counters_.connections = connections_.size();
  connections_.back()->Start();
}

void ShopServer::Drop(ShopConnection& connection) {
  const size_t at = connection.place();
  std::unique_ptr<ShopConnection> dead = std::move(connections_[at]);
  if (at + 1 < connections_.size()) {
    connections_[at] = std::move(connections_.back());
    connections_[at]->set_place(at);
  }
  connections_.pop_back();
  counters_.connections = connections_.size();
  site_.loop.Retire(std::move(dead));
}

void ShopServer::DropAll() {
  while (!connections_.empty()) connections_.back()->Cut();
}

void ShopServer::Apply() {
  if (!switches_->crashed()) {
    back_.Cancel();
    if (acceptor_ == nullptr) ComeBack();
    return;
  }
  acceptor_ = nullptr;
  listener_.reset();
  DropAll();
  if (switches_->down() > Duration::zero()) site_.alarms.Arm(back_, switches_->down());
}

void ShopServer::ComeBack() {
  // A crash that has just ended by itself leaves slowness and failures as they were set.
  if (acceptor_ == nullptr && !Listen(address_).ok()) {
    site_.alarms.Arm(back_, kTryAgain);
    return;
  }
  switches_->SetUp();
}

void ShopServer::OnWaiting() {
  const uint32_t most = site_.options.crash_at;
  if (most == 0 || slots_.waiting() < most || switches_->crashed()) return;
  ++counters_.crashes;
  switches_->CrashFor(site_.options.crash_for);
}

Duration ShopServer::DrawWebTime(Duration median) {
  const double ns = static_cast<double>(median.count()) * random_.ServiceFactor();
  return Duration(static_cast<Duration::rep>(ns * site_.options.time_scale)) + switches_->slow();
}

bool ShopServer::DrawFailure() { return random_.Unit() < switches_->fail_rate(); }

void ShopServer::PublishSlots() {
  counters_.working = slots_.working();
  counters_.most_working = slots_.most_working();
  counters_.waiting = slots_.waiting();
}

ServerCounts ShopServer::counts() const {
  return {.requests = counters_.requests,
          .answered = counters_.answered,
          .refused = counters_.refused,
          .failed = counters_.failed,
          .made = counters_.made,
          .departed = counters_.departed,
          .crashes = counters_.crashes,
          .connections = counters_.connections,
          .accepted = counters_.accepted,
          .working = counters_.working,
          .most_working = counters_.most_working,
          .waiting = counters_.waiting,
          .down = switches_->crashed()};
}

}  // namespace sluice::demo
