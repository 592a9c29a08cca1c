// Turns: a line in which clients take turns. Each client has a line of its own for what it has
// waiting; who was served and has more is away until its answer is there, for kRounds rounds at
// most, and then stands behind all others. So a client with a hundred entries gets no more than one
// with a single one, which cannot come again before it has its answer either; but for what answers
// take longer than those rounds of the few that wait, where few do. Where everybody has one it is
// first come, first served; where only those are left that are away they are served in turn.
//
// It can be served from either end. From the newest, what is gone to first is the client that came
// last, and of it the entry that came last; who was served and has more is gone to again after
// those rounds, whatever its answer. So many behind one address are not forgotten for those who
// always come anew.
//
// Threads: one at a time. Ownership: entries are their owners', and leave before they are
// destroyed. Cost: a look-up of the client, and an allocation of some 100 bytes for one that had
// nothing here; Next() and Last() look at kLooks at most.
#ifndef SLUICE_RATELIMIT_TURNS_H_
#define SLUICE_RATELIMIT_TURNS_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "ratelimit/circle.h"
#include "ratelimit/verdict.h"

namespace sluice::ratelimit {

struct OfClient;
struct ByAge;

// What waits in a line.
struct Turn : Link<OfClient>, Link<ByAge> {
  uint64_t client = 0;  // whose it is: a number of its own, no hash that another might meet
  TimePoint arrived{};
};

class Turns {
 public:
  enum class From : uint8_t { kOldest, kNewest };
  // Before giving up. Nearly always the first is taken; those that are passed over have tried the
  // server in question, or came under a configuration that does not have it.
  static constexpr uint32_t kLooks = 64;
  // Of those who have had a turn, so many are looked at whether another is due.
  static constexpr uint32_t kAgain = 16;
  // Of so many turns of all that wait: others are at the servers, or will come back.
  static constexpr uint64_t kRounds = 4;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // What its client has here.
  size_t Of(uint64_t client) const;

  // It came last. REQUIRES: its client and time are set; times do not fall.
  void Join(Turn& turn);
  // It is gone, and its client has had no turn.
  void Leave(Turn& turn);
  // It is gone, and was its client's turn: the one of that number.
  uint64_t Serve(Turn& turn, From from);
  // The answer of that turn is there. Of a client that has nothing here any more, or has had
  // another turn since, it means nothing; nor from the newest.
  void Done(uint64_t client, uint64_t number, From from);

  // The next that `takes` takes, or null. `looks` are what is left of them.
  Turn* Next(From from, uint32_t& looks, absl::FunctionRef<bool(const Turn&)> takes) const;
  // Whose turn comes last: of the client that has most, the entry served last; and how many that
  // client has. Beyond kLooks clients, of those served last. Null when empty.
  struct End {
    Turn* turn = nullptr;
    size_t of_client = 0;
  };
  End Last(From from) const;
  // Who is next from the oldest. Null when empty.
  Turn* head() const {
    const Client* const client = ring_.empty() ? away_.front() : ring_.front();
    return client == nullptr ? nullptr : client->waiting.front();
  }
  // By age, whatever the turns. Null when empty.
  Turn* oldest() const { return by_age_.front(); }
  Turn* newest() const { return by_age_.back(); }
  Turn* Before(const Turn& turn) const { return by_age_.Before(turn); }

 private:
  struct OfTurns;
  struct Client : Link<OfTurns> {
    Circle<Turn, OfClient> waiting;  // in order of arrival
    size_t size = 0;
    uint64_t turn = 0;  // its last, a number of `served_`; 0: it has had none
    bool away = false;
  };

  static Turn* NextOf(const Client& client, From from, uint32_t& looks,
                      absl::FunctionRef<bool(const Turn&)> takes);

  // Takes it out; null when it was all that its client had.
  Client* Remove(Turn& turn);
  bool IsDue(const Client& client) const {
    return served_ - client.turn >= kRounds * clients_.size();
  }
  void ComeBack(Client& client, From from);

  absl::node_hash_map<uint64_t, Client> clients_;
  // Each client with anything here is in one of these.
  Circle<Client, OfTurns> ring_;  // who is next first; from the newest: who is next last
  Circle<Client, OfTurns> away_;  // who was served first is first
  Circle<Turn, ByAge> by_age_;
  size_t size_ = 0;
  uint64_t served_ = 0;
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_TURNS_H_
