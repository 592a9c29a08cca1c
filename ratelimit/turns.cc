#include "ratelimit/turns.h"

namespace sluice::ratelimit {

size_t Turns::Of(uint64_t client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? 0 : found->second.size;
}

void Turns::Join(Turn& turn) {
  const auto [found, is_new] = clients_.try_emplace(turn.client);
  Client& client = found->second;
  if (is_new) ring_.PushBack(client);
  client.waiting.PushBack(turn);
  ++client.size;
  by_age_.PushBack(turn);
  ++size_;
}

Turns::Client* Turns::Remove(Turn& turn) {
  const auto found = clients_.find(turn.client);
  Client& client = found->second;
  client.waiting.Remove(turn);
  by_age_.Remove(turn);
  --size_;
  if (--client.size > 0) return &client;
  (client.away ? away_ : ring_).Remove(client);
  clients_.erase(found);
  return nullptr;
}

void Turns::Leave(Turn& turn) { Remove(turn); }

uint64_t Turns::Serve(Turn& turn, From from) {
  ++served_;
  if (Client* const client = Remove(turn)) {
    client->turn = served_;
    (client->away ? away_ : ring_).Remove(*client);
    client->away = true;
    away_.PushBack(*client);
  }
  while (!away_.empty() && IsDue(*away_.front())) ComeBack(*away_.front(), from);
  return served_;
}

void Turns::Done(uint64_t client, uint64_t number, From from) {
  if (from == From::kNewest) return;  // the rounds alone say when
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  if (found->second.away && found->second.turn == number) ComeBack(found->second, from);
}

void Turns::ComeBack(Client& client, From from) {
  away_.Remove(client);
  client.away = false;
  if (from == From::kOldest) {
    ring_.PushBack(client);
  } else {
    ring_.PushFront(client);
  }
}

Turn* Turns::NextOf(const Client& client, From from, uint32_t& looks,
                    absl::FunctionRef<bool(const Turn&)> takes) {
  const bool forward = from == From::kOldest;
  const Circle<Turn, OfClient>& own = client.waiting;
  Turn* turn = forward ? own.front() : own.back();
  for (; turn != nullptr && looks > 0; turn = forward ? own.After(*turn) : own.Before(*turn)) {
    --looks;
    if (takes(*turn)) return turn;
  }
  return nullptr;
}

Turn* Turns::Next(From from, uint32_t& looks, absl::FunctionRef<bool(const Turn&)> takes) const {
  const bool forward = from == From::kOldest;
  // Who has had a turn stands at the front.
  const Client* again = forward ? nullptr : ring_.front();
  for (uint32_t i = 0; i < kAgain && again != nullptr && again->turn != 0; ++i) {
    Turn* const turn = IsDue(*again) ? NextOf(*again, from, looks, takes) : nullptr;
    if (turn != nullptr) return turn;
    again = ring_.After(*again);
  }
  const Client* client = forward ? ring_.front() : ring_.back();
  for (; client != nullptr && looks > 0;
       client = forward ? ring_.After(*client) : ring_.Before(*client)) {
    if (Turn* const turn = NextOf(*client, from, looks, takes)) return turn;
  }
  for (client = away_.front(); client != nullptr && looks > 0; client = away_.After(*client)) {
    if (Turn* const turn = NextOf(*client, from, looks, takes)) return turn;
  }
  return nullptr;
}

Turns::End Turns::Last(From from) const {
  const bool forward = from == From::kOldest;
  uint32_t looks = kLooks;
  const Client* most = nullptr;
  const auto look = [&](const Client& client) {
    --looks;
    if (most == nullptr || client.size > most->size) most = &client;
  };
  const Client* client = away_.back();
  for (; client != nullptr && looks > 0; client = away_.Before(*client)) look(*client);
  client = forward ? ring_.back() : ring_.front();
  for (; client != nullptr && looks > 0;
       client = forward ? ring_.Before(*client) : ring_.After(*client)) {
    look(*client);
  }
  if (most == nullptr) return {};
  return {forward ? most->waiting.back() : most->waiting.front(), most->size};
}

}  // namespace sluice::ratelimit
