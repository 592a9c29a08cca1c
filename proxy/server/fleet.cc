#include "proxy/server/fleet.h"

#include <bit>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/store_url.h"
#include "proxy/admission/quota_script.h"
#include "proxy/base/check.h"
#include "proxy/crypto/random.h"

namespace sluice::server {
namespace {

template <typename T>
T Random() {
  std::array<uint8_t, sizeof(T)> bytes;
  crypto::FillRandom(bytes);
  return std::bit_cast<T>(bytes);
}

bool Same(const conf::Store& a, const conf::Store& b) {
  return a.url == b.url && a.password_file.content == b.password_file.content &&
         a.connect_timeout == b.connect_timeout && a.answer_timeout == b.answer_timeout &&
         a.prefix == b.prefix && a.instances == b.instances;
}

store::Options OptionsOf(const conf::Store& config) {
  absl::StatusOr<conf::StoreUrl> url = conf::ParseStoreUrl(config.url);
  SLUICE_CHECK(url.ok());  // the loader took it
  if (!config.password_file.name.empty()) url->password = std::string(config.password());
  return {.host = std::move(url->host),
          .port = url->port,
          .user = std::move(url->user),
          .password = std::move(url->password),
          .database = url->database,
          .connect_timeout = config.connect_timeout,
          .answer_timeout = config.answer_timeout,
          .script = admission::kQuotaScript,
          .seed = Random<uint64_t>()};
}

}  // namespace

Fleet::Fleet(net::Loop& loop, const conf::Config& config)
    : loop_(loop),
      resolver_(loop, {.servers = config.resolver.servers,
                       .timeout = config.resolver.timeout,
                       .tries = static_cast<int>(config.resolver.tries)}),
      instance_(absl::StrFormat("%016x", Random<uint64_t>())),
      sync_(Random<SipKey>(), instance_),
      rooms_(instance_) {
  Adopt(config);
}

std::string Fleet::url() const { return conf::WithoutPassword(config_.url); }

void Fleet::Adopt(const conf::Config& config) {
  if (client_ != nullptr && Same(config_, config.store)) return;
  config_ = config.store;
  sync_.Use(nullptr, config_.prefix, config_.instances);
  rooms_.Use(nullptr, config_.prefix, config_.instances, loop_.now());
  client_.reset();
  tick_.reset();
  if (config_.url.empty()) return;
  client_ = std::make_unique<store::Client>(loop_, resolver_, OptionsOf(config_),
                                            [this] { sync_.OnStoreChanged(); });
  sync_.Use(client_.get(), config_.prefix, config_.instances);
  rooms_.Use(client_.get(), config_.prefix, config_.instances, loop_.now());
  tick_ = std::make_unique<net::Ticker>(loop_, admission::QuotaSync::kTick, [this] {
    sync_.Tick(loop_.now());
    rooms_.Tick(loop_.now());
  });
}

}  // namespace sluice::server
