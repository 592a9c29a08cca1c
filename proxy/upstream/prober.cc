#include "proxy/upstream/prober.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/random/distributions.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "balancer/health.h"
#include "conf/units.h"
#include "proxy/base/arena.h"
#include "proxy/base/deadline.h"
#include "proxy/base/log.h"

namespace sluice::upstream {
namespace {

constexpr size_t kMostBody = size_t{64} << 10;  // read of an answer; expect_body occurs in it
// Below it lag is the grain of the clock.
constexpr Duration kLeastLag = std::chrono::milliseconds(10);

int64_t Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

http::Method MethodOf(std::string_view text) {
  if (text == "GET") return http::Method::kGet;
  if (text == "HEAD") return http::Method::kHead;
  if (text == "OPTIONS") return http::Method::kOptions;
  return http::Method::kOther;
}

// Where the checks of a server go, with counters of its own: what they open and close is not the
// traffic that those of the server tell of.
std::shared_ptr<Server> ProbedServer(const Server& server, uint32_t port) {
  const Address& where = server.address;
  return std::make_shared<Server>(
      server.state, server.name,
      port == 0 ? where : Address::From(where.ip(), static_cast<uint16_t>(port)), /*shards=*/1);
}

}  // namespace

// The checks of one server, one at a time. `slot_` is retired from the beginning, so connections
// close when they come back.
class Prober::Check final : private http::UpstreamEvents {
 public:
  Check(Prober& prober, std::shared_ptr<Server> server, std::shared_ptr<const Cluster> cluster)
      : prober_(prober), server_(std::move(server)), health_(cluster->spec.health->timing) {
    Adopt(std::move(cluster));
    const Duration interval = spec().timing.interval;
    next_at_ = prober_.loop_.now() +
               absl::Uniform<int64_t>(prober_.random_, 0, interval.count()) * Duration(1);
  }
  ~Check() override { Stop(); }

  // A check that is under way ends as it began.
  void Adopt(std::shared_ptr<const Cluster> cluster) {
    cluster_ = std::move(cluster);
    health_.SetSpec(spec().timing);
    next_at_ = std::min(next_at_, prober_.loop_.now() + spec().timing.interval);
  }
  void Tick() {
    if (running_ != nullptr) {
      worst_lag_ = std::max(worst_lag_, prober_.loop_.lag());
    } else if (prober_.loop_.now() >= next_at_) {
      Begin();
    }
  }
  // The server is not to be checked any more.
  void Release() {
    if (!health_.up()) {
      log::Info(log::kUnlimited, "pool %s: %s is not checked any more, and used again",
                server_->pool, server_->label);
    }
    server_->health->down.store(false, std::memory_order_relaxed);
  }

  const std::shared_ptr<Server>& server() const { return server_; }
  const Report& report() const { return report_; }

 private:
  const conf::HealthCheck& spec() const { return *cluster_->spec.health; }
  // Of the check under way. REQUIRES: one is.
  const conf::HealthCheck& asked() const { return *running_->spec.health; }

  void Begin();
  void Send();
  void Pass() { End(true, "passed"); }
  void Fail(std::string why) { End(false, std::move(why)); }
  void End(bool passed, std::string why);
  void Stop();
  void Tell(balancer::HealthChange change, uint32_t in_a_row, TimePoint now);
  void OnTooLong();

  void OnInterim(const http::ResponseHead&) override {}
  void OnResponse(const http::ResponseHead& head) override;
  void OnResponseBody(std::string_view bytes) override;
  void OnResponseEnd(const http::Fields* trailers) override;
  void OnUpstreamFailed(const Failure& why) override;
  void OnUpstreamWritable() override {}

  Prober& prober_;
  const std::shared_ptr<Server> server_;
  std::shared_ptr<const Cluster> cluster_;
  balancer::Health health_;
  Report report_;
  TimePoint next_at_ = TimePoint::max();
  TimePoint changed_at_{};  // went down or up

  // The check under way.
  std::shared_ptr<const Cluster> running_;  // as it was when it began; null: none is
  std::shared_ptr<ServerSlot> slot_;
  TimePoint began_{};
  Duration worst_lag_{0};
  std::unique_ptr<Attempt> connecting_;
  Arena arena_;
  std::optional<http::RequestHead> head_;
  bool answered_ = false;  // with a status that passes
  std::string body_;
  Lease lease_;  // behind the arena, which it writes to
  BoundDeadline<Check, &Check::OnTooLong> too_long_{this};
};

void Prober::Check::Begin() {
  // Not sooner: the last one may have ended in an event that still read from it.
  arena_.Clear();
  running_ = cluster_;
  began_ = prober_.loop_.now();
  worst_lag_ = Duration::zero();
  slot_ = std::make_shared<ServerSlot>(ProbedServer(*server_, asked().port), running_->transport);
  slot_->retired = true;
  prober_.loop_.Arm(too_long_, asked().timeout);
  // A millisecond more than the check, so that the deadline above is the one that speaks.
  connecting_ =
      prober_.pool_.Connect(slot_, running_->spec, asked().timeout + std::chrono::milliseconds(1),
                            [this](Lease lease, const Failure& why) {
                              prober_.loop_.Retire(std::move(connecting_));
                              if (!lease) return OnUpstreamFailed(why);
                              lease_ = std::move(lease);
                              if (asked().path.empty()) return Pass();
                              Send();
                            });
}

void Prober::Check::Send() {
  const conf::HealthCheck& check = asked();
  http::RequestHead& head = head_.emplace(arena_);
  head.method = MethodOf(check.method);
  head.method_text = check.method;
  head.target = check.path;
  head.authority = check.host;
  if (head.authority.empty()) {
    const bool is_unix = server_->address.family() == AF_UNIX;
    head.authority = is_unix ? std::string_view("localhost") : server_->name;
  }
  head.scheme = running_->transport->secure() ? "https" : "http";
  head.fields.Add("Host", head.authority);
  head.fields.Add("User-Agent", "sluice-health");
  lease_.Begin(*this, arena_);
  lease_.stream().SendHead(head);
  lease_.stream().SendEnd(nullptr);
}

void Prober::Check::OnResponse(const http::ResponseHead& head) {
  const std::vector<std::string>& expected = asked().expect_status;
  const bool fits = std::any_of(expected.begin(), expected.end(), [&](const std::string& text) {
    const absl::StatusOr<conf::StatusRange> range = conf::ParseStatusRange(text);
    return range.ok() && range->Contains(head.status);
  });
  if (!fits) {
    return Fail(
        absl::StrFormat("status %d, expected %s", head.status, absl::StrJoin(expected, ", ")));
  }
  answered_ = true;
}

void Prober::Check::OnResponseBody(std::string_view bytes) {
  if (running_ == nullptr) return;
  const std::string& wanted = asked().expect_body;
  const size_t seen = body_.size();
  body_.append(bytes.substr(0, kMostBody - seen));
  const size_t from = seen - std::min(seen, wanted.size());
  if (!wanted.empty() && body_.find(wanted, from) != std::string::npos) return Pass();
  if (body_.size() < kMostBody) return lease_.stream().Consumed(bytes.size());
  if (wanted.empty()) return Pass();
  Fail("the first 64 KiB of the answer do not contain expect_body");
}

void Prober::Check::OnResponseEnd(const http::Fields*) {
  if (running_ == nullptr) return;
  if (asked().expect_body.empty()) return Pass();
  Fail("the answer does not contain expect_body");
}

void Prober::Check::OnUpstreamFailed(const Failure& why) {
  if (why.side == Side::kSluice) worst_lag_ = Duration::max();  // not the server's doing
  Fail(absl::StrFormat("%s: %s", CauseName(why.cause), why.why));
}

void Prober::Check::OnTooLong() {
  Fail(absl::StrFormat("no %s within %d ms",
                       connecting_ != nullptr ? "connection"
                       : answered_            ? "end of the answer"
                                              : "answer",
                       Milliseconds(asked().timeout)));
}

void Prober::Check::End(bool passed, std::string why) {
  const TimePoint now = prober_.loop_.now();
  const Duration lag = std::max(worst_lag_, prober_.loop_.lag());
  const bool late = lag > std::max<Duration>(asked().timeout / 2, kLeastLag);
  Stop();
  next_at_ = now + health_.UntilNext(prober_.random_);
  if (late) {
    ++report_.discarded;
    return;
  }
  ++(passed ? report_.passed : report_.failed);
  report_.last_at = now;
  report_.last_took = now - began_;
  report_.last_passed = passed;
  report_.last = std::move(why);
  const uint32_t in_a_row = health_.against() + 1;
  const balancer::HealthChange change = health_.OnCheck(passed, *server_->health, now);
  report_.up = health_.up();
  next_at_ = now + health_.UntilNext(prober_.random_);
  if (change != balancer::HealthChange::kNone) Tell(change, in_a_row, now);
}

void Prober::Check::Stop() {
  too_long_.Cancel();
  connecting_.reset();  // its own callback has moved it out before it comes here
  lease_.Drop();
  head_.reset();
  answered_ = false;
  body_ = std::string();
  slot_.reset();
  running_.reset();
}

void Prober::Check::Tell(balancer::HealthChange change, uint32_t in_a_row, TimePoint now) {
  const TimePoint before = std::exchange(changed_at_, now);
  if (change == balancer::HealthChange::kWentDown) {
    log::Warn(log::kUnlimited, "pool %s: %s is down: %d checks in a row failed, the last: %s",
              server_->pool, server_->label, in_a_row, report_.last);
  } else {
    log::Info(log::kUnlimited,
              "pool %s: %s is up again after %d ms: %d checks in a row passed, the last in %d ms",
              server_->pool, server_->label, Milliseconds(now - before), in_a_row,
              Milliseconds(report_.last_took));
  }
}

Prober::Prober(net::Loop& loop) : loop_(loop), pool_(loop, /*shard=*/0) {}

Prober::~Prober() = default;

void Prober::Adopt(const std::vector<std::shared_ptr<const Cluster>>& clusters) {
  absl::flat_hash_map<const Server*, std::unique_ptr<Check>> before = std::exchange(checks_, {});
  for (const std::shared_ptr<const Cluster>& cluster : clusters) {
    if (!cluster->spec.health) continue;
    for (const std::shared_ptr<Server>& server : cluster->servers) {
      std::unique_ptr<Check>& check = checks_[server.get()];
      if (check != nullptr) continue;
      if (const auto known = before.find(server.get()); known != before.end()) {
        check = std::move(known->second);
        before.erase(known);
        check->Adopt(cluster);
      } else {
        check = std::make_unique<Check>(*this, server, cluster);
      }
    }
  }
  for (const auto& [server, check] : before) check->Release();
}

void Prober::Tick() {
  for (const auto& [server, check] : checks_) check->Tick();
}

const Prober::Report* Prober::Find(const Server& server) const {
  const auto found = checks_.find(&server);
  return found == checks_.end() ? nullptr : &found->second->report();
}

}  // namespace sluice::upstream
