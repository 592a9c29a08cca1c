#include "proxy/server/rooms.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/nearest.h"
#include "proxy/admission/room_text.h"
#include "proxy/base/check.h"
#include "proxy/base/log.h"
#include "proxy/base/siphash.h"
#include "proxy/crypto/digest.h"
#include "proxy/server/state_keys.h"

namespace sluice::server {
namespace {

constexpr uint32_t kTicksPerSave = 10;
constexpr std::string_view kFile = "rooms";
constexpr size_t kMostPast = size_t{1} << 20;  // bytes: five rooms with the longest of lines

ratelimit::RoomTime TimeOf(WallTime wall) {
  return static_cast<ratelimit::RoomTime>(
      std::chrono::duration_cast<std::chrono::microseconds>(wall.time_since_epoch()).count());
}

// The lots of an event: nobody without the key can know one before its start, and everybody who is
// given the secret afterwards can check all of them.
std::function<uint64_t(uint64_t)> LotsOf(const conf::Event& event,
                                         const ratelimit::Signer& signer) {
  const std::string what =
      "raffle\n" + event.name + "\n" + std::to_string(event.start.time_since_epoch().count());
  const SipKey secret = signer.Sign({reinterpret_cast<const uint8_t*>(what.data()), what.size()});
  return [secret](uint64_t id) {
    SipList list(secret);
    list.Add(id);
    return list.Finish();
  };
}

bool Has(const conf::Config& config, std::string_view room) {
  return std::any_of(config.waiting_rooms.begin(), config.waiting_rooms.end(),
                     [&](const conf::WaitingRoom& spec) { return spec.name == room; });
}

}  // namespace

void Rooms::Open(StateDir& state) {
  state_ = &state;
  absl::StatusOr<crypto::KeyRing> keys = crypto::KeyRing::Of(LoadOrMakeKeys(state));
  SLUICE_CHECK(keys.ok());
  keys_ = std::make_shared<const crypto::KeyRing>(*std::move(keys));
  if (absl::StatusOr<std::string> text = state.Read(kFile); text.ok()) past_ = *std::move(text);
}

Rooms::Signer Rooms::SignerOf(const conf::WaitingRoom& room) {
  if (room.key_file.name.empty()) return keys_;
  absl::StatusOr<crypto::KeyRing> keys = crypto::KeyRing::Of(room.key_file.content);
  SLUICE_CHECK(keys.ok());  // the loader has looked at them
  return std::make_shared<const crypto::KeyRing>(*std::move(keys));
}

const conf::Event* Rooms::EventOf(const conf::Config& config, std::string_view room,
                                  WallTime wall) {
  const auto is_on = [&](const conf::Event& event) {
    return event.waiting_room == room && event.start - event.prequeue <= wall && wall < event.end;
  };
  const auto found = std::find_if(config.events.begin(), config.events.end(), is_on);
  return found == config.events.end() ? nullptr : &*found;
}

void Rooms::SetEntrances(exchange::RuntimeView& view, TimePoint now, WallTime wall) {
  const conf::Config& config = *view.config;
  view.entrance_of.assign(view.router->routes().size(), nullptr);
  Forget(config, now);
  for (size_t i = 0; i < config.waiting_rooms.size(); ++i) {
    const conf::WaitingRoom& file = config.waiting_rooms[i];
    std::shared_ptr<admission::Room> room = registry_.RoomOf(file.name);
    const conf::Event* const event = EventOf(config, file.name, wall);
    const auto [spec, paused] = InForce(file, event);
    room->SetSpec(admission::RoomSpecOf(spec));
    room->Close(paused);
    room->Halt(view.panic.has_value());
    Follow(file, event, now, wall);
    if (!IsThere(spec, event)) continue;
    auto entrance = std::make_shared<exchange::Entrance>();
    entrance->keeper = std::make_shared<const admission::Doorkeeper>(
        spec, std::move(room), SignerOf(spec), pages_[i], event);
    for (const route::Route& route : view.router->routes()) {
      if (route.conf.waiting_room != spec.name) continue;
      view.entrance_of[route.index] = entrance.get();
      if (!route.pool) continue;
      const auto& pool = view.clusters[*route.pool];
      if (std::find(entrance->pools.begin(), entrance->pools.end(), pool) ==
          entrance->pools.end()) {
        entrance->pools.push_back(pool);
      }
    }
    view.entrances.push_back(std::move(entrance));
  }
}

// One that comes back with a later configuration is another, and is to be told all again.
void Rooms::Forget(const conf::Config& config, TimePoint now) {
  absl::erase_if(phases_, [&](const auto& known) {
    if (Has(config, known.first)) return false;
    std::string text;
    admission::AppendRoomText(known.first, registry_.FindRoom(known.first)->Save(now), text);
    if (past_.size() > kMostPast) past_.resize(kMostPast);
    past_.insert(0, text);
    return true;
  });
}

RoomInForce Rooms::InForce(const conf::WaitingRoom& file, const conf::Event* event) const {
  RoomInForce room{.spec = file};
  if (event != nullptr) {
    room.spec.pace = event->pace.value_or(file.pace);
    room.spec.max_active = event->max_active.value_or(file.max_active);
  }
  overlay_.Change(room);
  return room;
}

bool Rooms::IsThere(const conf::WaitingRoom& spec, const conf::Event* event) {
  return spec.when != "off" && (spec.when != "event" || event != nullptr);
}

std::shared_ptr<const admission::Room> Rooms::Find(std::string_view name) const {
  return registry_.FindRoom(name);
}

absl::Status Rooms::Obey(const conf::Config& config, const RoomOrder& order, const Author& author,
                         TimePoint now) {
  if (!Has(config, order.room)) {
    std::vector<std::string_view> names;
    for (const conf::WaitingRoom& room : config.waiting_rooms) names.push_back(room.name);
    return absl::NotFoundError(absl::StrFormat("there is no waiting room '%s'%s", order.room,
                                               conf::MayBe(order.room, names)));
  }
  if (order.deed != RoomOrder::Deed::kRelease) return overlay_.Apply(order, author, now);
  const std::shared_ptr<admission::Room> room = registry_.FindRoom(order.room);
  const admission::Room::Rule::Counts counts =
      room == nullptr ? admission::Room::Rule::Counts() : room->counts();
  // Of those who are there: nobody who comes later is to find the door open by it.
  if (counts.waiting <= counts.released) {
    return absl::FailedPreconditionError(
        absl::StrFormat("nobody waits in '%s' who is not released already", order.room));
  }
  room->Release(std::min(order.visitors, counts.waiting - counts.released));
  return absl::OkStatus();
}

Rooms::Phase Rooms::PhaseOf(const conf::Event* event, WallTime wall) {
  if (event == nullptr) return {};
  const bool begun = event->start <= wall;
  return {.event = event->name, .begun = begun, .start = begun ? conf::Time() : event->start};
}

std::vector<admission::RoomSync::Member> Rooms::Shared(const exchange::RuntimeView& view) const {
  std::vector<admission::RoomSync::Member> shared;
  for (const auto& entrance : view.entrances) {
    const conf::WaitingRoom& spec = entrance->keeper->spec();
    if (!spec.fleet) continue;
    shared.push_back({.room = registry_.FindRoom(spec.name), .fail_closed = spec.fail_closed});
  }
  return shared;
}

// Whether another event is on than before, or none is any more.
bool Rooms::Follow(const conf::WaitingRoom& spec, const conf::Event* event, TimePoint now,
                   WallTime wall) {
  const Phase phase = PhaseOf(event, wall);
  const auto known = phases_.find(spec.name);
  if (known != phases_.end() && known->second == phase) return false;
  const bool first = known == phases_.end();
  const std::string before = first ? std::string() : known->second.event;
  // One that goes on by another name is no other: its lots are drawn.
  const bool goes_on = !first && known->second.begun && phase.begun;
  phases_[spec.name] = phase;
  admission::Room& room = *registry_.FindRoom(spec.name);
  if (first) RestoreRoom(spec, room, now);
  if (!goes_on) Enact(spec, room, event, phase, now, wall);
  if (event != nullptr) {
    log::Info(log::kUnlimited, "waiting room %s: event %s %s", spec.name, event->name,
              phase.begun ? "has begun" : "gathers its visitors");
  } else if (!first) {
    log::Info(log::kUnlimited, "waiting room %s: event %s is over", spec.name, before);
  }
  return before != phase.event;
}

// What begins or ends with a phase of an event.
void Rooms::Enact(const conf::WaitingRoom& spec, admission::Room& room, const conf::Event* event,
                  const Phase& phase, TimePoint now, WallTime wall) {
  if (event == nullptr) return room.Gather(std::nullopt);
  if (!phase.begun) return room.Gather(event->start);
  ratelimit::WaitingRoom::Draw draw;
  if (event->raffle) {
    // By the clock of places, which does not follow the steps of the other.
    const Duration apart = room.WallAt(room.At(now)) - wall;
    draw = {.since = TimeOf(event->start - event->prequeue + apart),
            .until = TimeOf(event->start + apart),
            .lot = LotsOf(*event, *SignerOf(spec))};
  }
  room.Hold(std::move(draw), now);
}

bool Rooms::Tick(const exchange::RuntimeView& view, TimePoint now, WallTime wall) {
  const conf::Config& config = *view.config;
  bool changed = false;
  for (const conf::WaitingRoom& spec : config.waiting_rooms) {
    changed = Follow(spec, EventOf(config, spec.name, wall), now, wall) || changed;
  }
  for (const auto& entrance : view.entrances) {
    const upstream::Load load = entrance->LoadAt(now);
    entrance->keeper->room().Tick(load.HasRoom(), load.share(), now);
  }
  // Where nobody meets a room any more, those it knows of lapse all the same.
  for (const conf::WaitingRoom& spec : config.waiting_rooms) {
    const auto is_met = [&](const auto& entrance) {
      return entrance->keeper->spec().name == spec.name;
    };
    if (std::none_of(view.entrances.begin(), view.entrances.end(), is_met)) {
      registry_.FindRoom(spec.name)->Tick(/*open=*/true, /*load=*/0, now);
    }
  }
  if (++ticks_ % kTicksPerSave == 0) Save(view, now);
  return changed;
}

void Rooms::RestoreRoom(const conf::WaitingRoom& spec, admission::Room& room, TimePoint now) const {
  const auto saved = admission::FindRoomText(past_, spec.name);
  if (!saved || room.Restore(*saved, now)) return;
  log::Info(log::kUnlimited,
            "waiting room %s: what is known of it is so old that nobody of then can come any more; "
            "it begins anew",
            spec.name);
}

// While nobody waits or is inside, that time passes is nothing to write down.
void Rooms::Save(const exchange::RuntimeView& view, TimePoint now) {
  if (state_ == nullptr || !state_->on_disk() || view.entrances.empty()) return;
  std::string text, idle;
  bool deserted = true;
  for (const conf::WaitingRoom& spec : view.config->waiting_rooms) {
    admission::Room::Rule::Snapshot snapshot = registry_.FindRoom(spec.name)->Save(now);
    admission::AppendRoomText(spec.name, snapshot, text);
    deserted = deserted && snapshot.active == 0 && snapshot.line.counts.empty();
    snapshot.taken = snapshot.called = 0;
    if (deserted) admission::AppendRoomText(spec.name, snapshot, idle);
  }
  if (deserted && idle == idle_) return;
  idle_ = deserted ? std::move(idle) : std::string();
  state_->Write(kFile, std::move(text));
}

void Rooms::Close(const exchange::RuntimeView* view, TimePoint now) {
  if (view != nullptr) Save(*view, now);
}

}  // namespace sluice::server
