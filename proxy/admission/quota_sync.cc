#include "proxy/admission/quota_sync.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"

namespace sluice::admission {
namespace {

using store::Reply;

std::string Hex(const SipKey& key) {
  std::string text;
  for (const uint8_t byte : key) text += absl::StrFormat("%02x", byte);
  return text;
}

std::optional<SipKey> ParseHex(std::string_view text) {
  SipKey key{};
  if (text.size() != 2 * key.size()) return std::nullopt;
  for (size_t i = 0; i < key.size(); ++i) {
    const char* const digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, key[i], 16);
    if (error != std::errc() || end != digits + 2) return std::nullopt;
  }
  return key;
}

// More than any fleet: a number from a store gone mad would leave nobody a share.
constexpr int64_t kMostInstances = 10'000;

bool IsCount(const Reply& reply) { return reply.kind == Reply::Kind::kInteger; }

}  // namespace

// What is known of a gate beyond itself.
struct QuotaSync::Synced {
  std::shared_ptr<QuotaGate> gate;
  size_t under_way = 0;  // calls
  TimePoint last_call{};
};

// What one call tells. However it comes that no answer settles it, its words are lost.
struct QuotaSync::Batch {
  std::shared_ptr<QuotaGate> gate;
  std::vector<QuotaGate::Word> words = {};
  bool settled = false;

  ~Batch() {
    if (settled) return;
    for (const QuotaGate::Word& word : words) gate->Lose(word);
    gate->SetSilent();
  }
};

QuotaSync::QuotaSync(const SipKey& secret, std::string instance)
    : hash_(secret), instance_(std::move(instance)), self_(std::make_shared<QuotaSync*>(this)) {}

QuotaSync::~QuotaSync() { *self_ = nullptr; }

void QuotaSync::Adopt(std::vector<std::shared_ptr<QuotaGate>> gates) {
  std::vector<std::unique_ptr<Synced>> synced;
  for (const std::shared_ptr<QuotaGate>& gate : gates) {
    const auto before = std::find_if(synced_.begin(), synced_.end(), [&](const auto& entry) {
      return entry != nullptr && entry->gate == gate;
    });
    if (before != synced_.end()) {
      synced.push_back(std::move(*before));
    } else {
      gate->SetSilent(instances_);
      synced.push_back(std::make_unique<Synced>(Synced{.gate = gate}));
    }
  }
  // Requests that began before may still use gates that nobody tells of any more.
  for (const std::unique_ptr<Synced>& gone : synced_) {
    if (gone != nullptr) gone->gate->SetSilent();
  }
  gates_ = std::move(gates);
  synced_ = std::move(synced);
  first_ = 0;
}

void QuotaSync::Use(store::Client* client, std::string prefix, uint32_t instances) {
  // Answers of the one before are those of a sync that is no more.
  *self_ = nullptr;
  self_ = std::make_shared<QuotaSync*>(this);
  for (const std::unique_ptr<Synced>& synced : synced_) synced->under_way = 0;
  client_ = client;
  prefix_ = std::move(prefix);
  instances_ = instances;
  secret_known_ = false;
  next_beat_ = {};
  for (const std::shared_ptr<QuotaGate>& gate : gates_) gate->SetSilent(instances_);
}

void QuotaSync::Silence() {
  for (const std::shared_ptr<QuotaGate>& gate : gates_) gate->SetSilent();
}

void QuotaSync::OnStoreChanged() {
  if (client_ != nullptr && client_->up()) return;
  Silence();
  next_beat_ = {};
}

void QuotaSync::Tick(TimePoint now) {
  if (client_ == nullptr || !client_->connected()) return;
  if (now >= next_beat_) Beat(now);
  if (!secret_known_ || synced_.empty()) return;
  for (size_t i = 0; i < synced_.size(); ++i) Sync(*synced_[(first_ + i) % synced_.size()], now);
  first_ = (first_ + 1) % synced_.size();
}

// The secret.

void QuotaSync::Beat(TimePoint now) {
  if (client_->room() < 2) return;
  next_beat_ = now + kBeat;
  const std::string name = prefix_ + "secret";
  // Our own is put there again should the store have lost it: the other instances have the same.
  client_->Call({"SET", name, Hex(hash_.key()), "NX"}, [](const Reply*) {});
  client_->Call({"GET", name}, [alive = self_](const Reply* reply) {
    if (*alive != nullptr) (*alive)->OnSecret(reply);
  });
}

void QuotaSync::OnSecret(const Reply* reply) {
  if (reply == nullptr) return;
  const std::optional<SipKey> key =
      reply->kind == Reply::Kind::kText ? ParseHex(reply->text) : std::nullopt;
  if (!key) return client_->Distrust("its secret is none; delete that key");
  if (*key != hash_.key()) {
    hash_.Learn(*key);
    for (const std::shared_ptr<QuotaGate>& gate : gates_) gate->Forget();
  }
  secret_known_ = true;
}

// The limits.

void QuotaSync::Sync(Synced& synced, TimePoint now) {
  if (synced.under_way > 0) return;
  const size_t calls = std::min(client_->room(), kMostKeys / kKeysPerCall);
  if (calls == 0) return;
  std::vector<QuotaGate::Word> words;
  synced.gate->Collect(now, calls * kKeysPerCall, words);
  // With nothing to tell, a gate says now and then that this instance is there; and a silent one
  // asks whether the store speaks again.
  const bool beat = now - synced.last_call >= kBeat || synced.gate->standing().silent;
  if (words.empty() && !beat) return;
  synced.last_call = now;
  for (size_t begin = 0; begin == 0 || begin < words.size(); begin += kKeysPerCall) {
    const size_t end = std::min(begin + kKeysPerCall, words.size());
    auto batch = std::make_shared<Batch>();
    batch->gate = synced.gate;
    batch->words.assign(words.begin() + static_cast<ptrdiff_t>(begin),
                        words.begin() + static_cast<ptrdiff_t>(end));
    if (Say(std::move(batch))) ++synced.under_way;
  }
}

bool QuotaSync::Say(std::shared_ptr<Batch> batch) {
  const QuotaLease& rule = batch->gate->rule();
  std::vector<std::string> arguments;
  arguments.reserve(8 + 3 * batch->words.size());
  arguments.push_back(absl::StrFormat("%d", 1 + batch->words.size()));
  arguments.push_back(prefix_ + "instances");
  const std::string limit = absl::StrFormat("%slimit:%s:", prefix_, batch->gate->name());
  for (const QuotaGate::Word& word : batch->words) {
    arguments.push_back(absl::StrFormat("%s%016x", limit, word.key));
  }
  arguments.push_back(instance_);
  arguments.push_back(absl::StrFormat(
      "%d", std::chrono::duration_cast<std::chrono::milliseconds>(kGoneAfter).count()));
  arguments.push_back(absl::StrFormat("%.17g", rule.interval_ns() / 1000));
  arguments.push_back(absl::StrFormat("%d", rule.capacity()));
  for (const QuotaGate::Word& word : batch->words) {
    arguments.push_back(absl::StrFormat("%d", int64_t{word.ask.owed} - int64_t{word.ask.back}));
    arguments.push_back(absl::StrFormat("%d", word.ask.want));
  }
  return client_->Run(std::move(arguments),
                      [alive = self_, batch = std::move(batch)](const Reply* reply) {
                        if (*alive != nullptr) (*alive)->OnAnswer(*batch, reply);
                      });
}

void QuotaSync::OnAnswer(Batch& batch, const Reply* reply) {
  for (const std::unique_ptr<Synced>& synced : synced_) {
    if (synced->gate == batch.gate && synced->under_way > 0) --synced->under_way;
  }
  if (reply == nullptr) return;
  if (!MakesSense(batch, *reply)) return client_->Distrust("no answer of the script's");
  const std::vector<Reply>& list = reply->list;
  instances_ = static_cast<uint32_t>(list[0].integer);
  batch.gate->SetStanding(instances_);
  for (size_t i = 0; i < batch.words.size(); ++i) {
    batch.gate->Settle(batch.words[i],
                       {.granted = static_cast<uint32_t>(list[1 + 2 * i].integer),
                        .left = list[2 + 2 * i].integer},
                       client_->now());
  }
  batch.settled = true;
}

bool QuotaSync::MakesSense(const Batch& batch, const Reply& reply) {
  const std::vector<Reply>& list = reply.list;
  if (reply.kind != Reply::Kind::kList || list.size() != 1 + 2 * batch.words.size()) return false;
  if (!std::all_of(list.begin(), list.end(), IsCount)) return false;
  if (list[0].integer < 1 || list[0].integer > kMostInstances) return false;
  for (size_t i = 0; i < batch.words.size(); ++i) {
    const int64_t granted = list[1 + 2 * i].integer;
    if (granted < 0 || granted > batch.words[i].ask.want) return false;
  }
  return true;
}

}  // namespace sluice::admission
