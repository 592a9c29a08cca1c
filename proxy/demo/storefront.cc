#include "proxy/demo/storefront.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/base/check.h"
#include "proxy/demo/catalogue.h"
#include "proxy/demo/site.h"

namespace sluice::demo {

namespace {

constexpr uint32_t kMostServers = 64;

DatabaseOptions Scaled(DatabaseOptions options, double scale) {
  options.query_time =
      Duration(static_cast<Duration::rep>(static_cast<double>(options.query_time.count()) * scale));
  return options;
}

}  // namespace

Site::Site(net::Loop& its_loop, const StorefrontOptions& its_options)
    : loop(its_loop),
      options(its_options),
      alarms(its_loop),
      database(Scaled(its_options.database, its_options.time_scale), Catalogue().size()) {}

absl::StatusOr<std::unique_ptr<Storefront>> Storefront::Open(net::Loop& loop,
                                                             const StorefrontOptions& options) {
  if (options.servers == 0 || options.servers > kMostServers || options.workers == 0 ||
      options.listen.size() > options.servers || options.workers_of.size() > options.servers ||
      std::ranges::count(options.workers_of, 0u) > 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a storefront has 1 to %d servers with a worker each, and no more "
                        "addresses than servers",
                        kMostServers));
  }
  auto site = std::make_unique<Site>(loop, options);
  const Address anywhere = *Address::Parse("127.0.0.1:0");
  for (size_t i = 0; i < options.servers; ++i) {
    auto server = std::make_unique<ShopServer>(*site, i);
    const absl::Status open =
        server->Open(i < options.listen.size() ? options.listen[i] : anywhere);
    if (!open.ok()) return open;
    site->servers.push_back(std::move(server));
  }
  return std::unique_ptr<Storefront>(new Storefront(std::move(site)));
}

Storefront::Storefront(std::unique_ptr<Site> site) : site_(std::move(site)) {
  for (const std::unique_ptr<ShopServer>& server : site_->servers) {
    addresses_.push_back(server->address());
  }
}

Storefront::~Storefront() = default;

Switches& Storefront::switches(size_t server) {
  SLUICE_CHECK(server < site_->servers.size());
  return site_->servers[server]->switches();
}

Database& Storefront::database() { return site_->database; }

ServerCounts Storefront::counts(size_t server) const {
  SLUICE_CHECK(server < site_->servers.size());
  return site_->servers[server]->counts();
}

absl::StatusOr<std::unique_ptr<StorefrontThread>> StorefrontThread::Start(
    const StorefrontOptions& options) {
  std::unique_ptr<StorefrontThread> self(new StorefrontThread());
  absl::StatusOr<std::unique_ptr<Storefront>> storefront = Storefront::Open(self->loop_, options);
  if (!storefront.ok()) return storefront.status();
  self->storefront_ = *std::move(storefront);
  self->thread_ = std::thread([loop = &self->loop_] { loop->Run(); });
  return self;
}

StorefrontThread::~StorefrontThread() {
  if (!thread_.joinable()) return;
  // On its own thread, and before the loop winds up, which waits for what was closed.
  loop_.Post([this] {
    storefront_ = nullptr;
    loop_.Stop();
  });
  thread_.join();
}

}  // namespace sluice::demo
