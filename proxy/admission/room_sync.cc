#include "proxy/admission/room_sync.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proxy/admission/room_word_text.h"
#include "proxy/base/log.h"

namespace sluice::admission {

using ratelimit::RoomFleet;
using ratelimit::RoomOthers;
using ratelimit::RoomWord;
using store::Reply;

namespace {

constexpr size_t kLongestName = 64;  // of a machine; ours have 16 letters

bool IsHash(const Reply& reply) {
  const std::vector<Reply>& list = reply.list;
  return reply.kind == Reply::Kind::kList && list.size() % 2 == 0 &&
         std::all_of(list.begin(), list.end(),
                     [](const Reply& item) { return item.kind == Reply::Kind::kText; });
}

}  // namespace

struct RoomSync::Shared {
  Member member;
  RoomFleet fleet;
  TimePoint heard{};  // the store's last good answer, or the beginning
  TimePoint next_beat{};
  bool under_way = false;
  bool silent = false;
  bool forgotten = false;  // what is under way is not for it any more
  uint64_t beat = 0;
  Standing standing = {};
};

std::shared_ptr<RoomSync::Shared> RoomSync::Begin(Member member, TimePoint now) const {
  auto shared = std::make_shared<Shared>(
      Shared{.member = std::move(member), .fleet = RoomFleet(instance_, expected_), .heard = now});
  shared->standing.instances = expected_;
  shared->member.room->Share(shared->fleet.Silent(), now);
  shared->member.room->Bar(client_ != nullptr);
  return shared;
}

std::string RoomSync::KeyOf(const Shared& shared) const {
  return absl::StrFormat("%sroom:%s", prefix_, shared.member.room->name());
}

void RoomSync::Forget() {
  for (const std::shared_ptr<Shared>& shared : shared_) shared->forgotten = true;
}

void RoomSync::Adopt(std::vector<Member> members, TimePoint now) {
  std::vector<std::shared_ptr<Shared>> next;
  for (Member& member : members) {
    const auto before = std::find_if(shared_.begin(), shared_.end(), [&](const auto& shared) {
      return shared != nullptr && shared->member.room == member.room;
    });
    if (before == shared_.end()) {
      next.push_back(Begin(std::move(member), now));
      continue;
    }
    (*before)->member = std::move(member);
    if ((*before)->silent) (*before)->member.room->Bar((*before)->member.fail_closed);
    next.push_back(std::exchange(*before, nullptr));
  }
  for (const std::shared_ptr<Shared>& gone : shared_) {
    if (gone == nullptr) continue;
    gone->forgotten = true;
    TakeLeave(*gone);
    gone->member.room->Share(std::nullopt, now);
    gone->member.room->Bar(false);
  }
  shared_ = std::move(next);
}

void RoomSync::Use(store::Client* client, std::string prefix, uint32_t instances, TimePoint now) {
  Forget();
  client_ = client;
  prefix_ = std::move(prefix);
  expected_ = instances;
  for (std::shared_ptr<Shared>& shared : shared_) shared = Begin(std::move(shared->member), now);
}

void RoomSync::Tick(TimePoint now) {
  if (client_ == nullptr) return;
  for (const std::shared_ptr<Shared>& shared : shared_) {
    if (!shared->silent && now > shared->heard + kGoneAfter) GoSilent(*shared, now);
    if (now >= shared->next_beat && !shared->under_way) Ask(shared, now);
  }
}

void RoomSync::GoSilent(Shared& shared, TimePoint now) {
  shared.silent = true;
  shared.standing.known = false;
  shared.standing.waiting = shared.standing.active = 0;
  Room& room = *shared.member.room;
  room.Share(shared.fleet.Silent(), now);
  room.Bar(shared.member.fail_closed);
  log::Warn(log::kUnlimited, "waiting room %s: the store is silent, %s", room.name(),
            shared.member.fail_closed ? "nobody is let in until it answers"
                                      : "this machine goes on by itself");
}

void RoomSync::Ask(const std::shared_ptr<Shared>& shared, TimePoint now) {
  const bool asked = client_->Call({"HGETALL", KeyOf(*shared)}, [this, shared](const Reply* reply) {
    if (shared->forgotten) return;
    shared->under_way = false;
    if (reply == nullptr) return;
    if (!IsHash(*reply)) return client_->Distrust("what a waiting room's machines say is none");
    Hear(*shared, *reply, client_->now());
    Tell(*shared, client_->now());
  });
  if (!asked) return;
  shared->under_way = true;
  shared->next_beat = now + kBeat;
}

void RoomSync::Hear(Shared& shared, const Reply& reply, TimePoint now) {
  Room& room = *shared.member.room;
  const ratelimit::RoomTime time = room.At(now);
  Standing& standing = shared.standing;
  for (size_t i = 0; i + 1 < reply.list.size(); i += 2) {
    const std::string& name = reply.list[i].text;
    const std::optional<RoomWord> word = name == instance_ ? std::optional<RoomWord>(RoomWord())
                                                           : ReadRoomWord(reply.list[i + 1].text);
    if (!word || name.size() > kLongestName) {
      ++standing.unreadable;
      continue;
    }
    shared.fleet.Hear(name, *word, time);
  }
  RoomOthers others = shared.fleet.Look(time);
  standing.known = true;
  standing.instances = others.instances;
  standing.waiting = others.waiting;
  standing.active = others.active;
  room.Share(std::move(others), now);
  room.Bar(false);
  shared.heard = now;
  if (!std::exchange(shared.silent, false)) return;
  log::Info(log::kUnlimited, "waiting room %s: the store answers, %d machines share it",
            room.name(), standing.instances);
}

void RoomSync::Tell(Shared& shared, TimePoint now) {
  RoomWord word = shared.member.room->Word(now);
  word.beat = ++shared.beat;
  const std::string key = KeyOf(shared);
  client_->Call({"HSET", key, instance_, WriteRoomWord(word)}, [](const Reply*) {});
  constexpr auto kForgotten = std::chrono::duration_cast<std::chrono::milliseconds>(kGoneAfter);
  client_->Call({"PEXPIRE", key, absl::StrFormat("%d", kForgotten.count())}, [](const Reply*) {});
  for (std::string& name : shared.fleet.Forgotten(shared.member.room->At(now))) {
    client_->Call({"HDEL", key, std::move(name)}, [](const Reply*) {});
  }
}

void RoomSync::TakeLeave(const Shared& shared) const {
  if (client_ == nullptr) return;
  client_->Call({"HDEL", KeyOf(shared), instance_}, [](const Reply*) {});
}

void RoomSync::Leave() {
  for (const std::shared_ptr<Shared>& shared : shared_) TakeLeave(*shared);
  Forget();
  shared_.clear();
}

std::optional<RoomSync::Standing> RoomSync::Find(std::string_view room) const {
  const auto found = std::find_if(shared_.begin(), shared_.end(), [&](const auto& shared) {
    return shared->member.room->name() == room;
  });
  if (found == shared_.end()) return std::nullopt;
  return (*found)->standing;
}

}  // namespace sluice::admission
