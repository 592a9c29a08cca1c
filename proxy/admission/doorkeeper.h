// Doorkeeper: a waiting room as one configuration has it, and as requests meet it: who goes past
// it, what ticket a request shows, what its room says to it, and what to answer and to write.
//
// A ticket is the value of the cookie "__sluice_ROOM". Tickets that are not good count as none, by
// why; whoever shows one is a newcomer. A client that keeps no cookies is one each time.
//
// Threads: any; immutable, made with a view. Cost: a visit some 1 us, most of it the signature; an
// address on a bypass one look-up, a path one of a router (route/router.h) for each entry.
#ifndef SLUICE_PROXY_ADMISSION_DOORKEEPER_H_
#define SLUICE_PROXY_ADMISSION_DOORKEEPER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "conf/config.h"
#include "proxy/admission/client_key.h"
#include "proxy/admission/room.h"
#include "proxy/admission/waiting_page.h"
#include "proxy/base/arena.h"
#include "proxy/http/message.h"
#include "proxy/route/router.h"
#include "ratelimit/signer.h"

namespace sluice::admission {

class Doorkeeper {
 public:
  using Signer = std::shared_ptr<const ratelimit::Signer>;
  // What a visit comes to.
  struct Visit {
    Room::Rule::Outcome outcome = Room::Rule::Outcome::kInside;
    uint64_t id = 0;                          // of who is inside
    std::optional<ratelimit::Ticket> ticket;  // to be written with the answer
    WaitingView view;                         // of who is not; its message is this object's
  };

  // `event`: that is on, or null.
  Doorkeeper(const conf::WaitingRoom& spec, std::shared_ptr<Room> room, Signer signer,
             std::shared_ptr<const WaitingPage> page, const conf::Event* event);

  const conf::WaitingRoom& spec() const { return spec_; }
  Room& room() const { return *room_; }
  const WaitingPage& page() const { return *page_; }

  bool Bypasses(const http::RequestHead& head, const ClientIdentity& client) const;
  // A request comes to the door. `open` and `random` as of the rule.
  Visit Receive(const http::Fields& request, absl::FunctionRef<bool()> open, uint64_t random,
                TimePoint now) const;

  // Set-Cookie with the ticket, and one that takes it away; in the arena of `answer`.
  void Give(http::Fields& answer, const ratelimit::Ticket& ticket, bool secure) const;
  void TakeAway(http::Fields& answer, bool secure) const;
  // What the servers say of a cookie of this name is not for the client.
  void Filter(http::Fields& answer) const;

 private:
  struct Way {
    std::unique_ptr<const route::Router> to;  // null: wherever
    std::vector<Cidr> from;                   // empty: whoever
  };

  const conf::WaitingRoom spec_;
  const std::shared_ptr<Room> room_;
  const Signer signer_;
  const std::shared_ptr<const WaitingPage> page_;
  const std::string cookie_;
  const ratelimit::TicketTerms terms_;
  const bool raffle_;
  std::vector<Way> bypass_;
};

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_DOORKEEPER_H_
