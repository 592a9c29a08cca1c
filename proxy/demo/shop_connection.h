// ShopConnection: one client of one ShopServer, request after request (RFC 9112). What it has asked
// ahead waits here, in front of a paused socket, until the present answer has left.
//
// Threads: the loop's. Owned by its server; leaves through Cut() only.
#ifndef SLUICE_PROXY_DEMO_SHOP_CONNECTION_H_
#define SLUICE_PROXY_DEMO_SHOP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/deadline.h"
#include "proxy/demo/alarm.h"
#include "proxy/demo/database.h"
#include "proxy/demo/pages.h"
#include "proxy/demo/slots.h"
#include "proxy/http/h1_codec.h"
#include "proxy/net/socket.h"

namespace sluice::demo {

class ShopServer;

class ShopConnection final : public net::StreamEvents, private Slots::Waiter {
 public:
  ShopConnection(ShopServer& server, std::unique_ptr<net::Socket> socket, size_t place);
  void Start();
  // Ends it with a reset, whatever it is doing. The server drops it: dead at the end of the turn.
  void Cut();

  size_t place() const { return place_; }
  void set_place(size_t place) { place_ = place; }

 private:
  enum class State : uint8_t {
    kHead,       // waiting for a request, or in the middle of its head
    kQueued,     // for a worker
    kBody,       // reading the request's body
    kWorking,    // in the web tier
    kQuerying,   // waiting for a connection to the database, or in it
    kSending,    // the answer is leaving
    kEvents,     // between two server-sent events
    kLingering,  // answered, FIN sent; reads and drops so that the answer is not lost to a reset
    kGone,
  };

  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override;
  void OnFlushed() override;
  void OnWorker(Slots::Worker worker) override;
  void OnIdle();
  void OnAlarm();

  bool Hungry() const { return state_ == State::kHead || state_ == State::kBody; }
  // Takes as much as the present state wants; returns the rest.
  std::span<char> Consume(std::span<char> bytes);
  size_t TakeHead(std::span<char> bytes);
  size_t TakeBody(std::span<char> bytes);
  void Keep(std::span<const char> bytes);
  void GoOn();

  void OnHead();
  void BeginWork();
  void OnBodyEnd();
  void BeginQueries();
  void OnQueriesDone();
  // The client has gone; its request has not.
  void Depart(int error);
  Answer MakeAnswer();
  void Send(Answer answer);
  void WriteHead();
  void WritePiece(std::string_view piece);
  void PumpBody();
  bool AllWritten() const { return !has_body_ || filler_sent_ == answer_.filler_bytes; }
  void SendEvent();
  void Finish();
  void Refuse(int status, std::string_view title, std::string_view why);
  void Close(bool reset);

  ShopServer& server_;
  std::unique_ptr<net::Socket> socket_;
  size_t place_;
  State state_ = State::kHead;
  bool last_ = false;       // no request after this one
  bool peer_done_ = false;  // FIN received
  bool peer_left_ = false;  // reset or hung up while we worked; there may be no socket any more
  bool kept_ = false;       // counted by the server as departed, with its connection still open
  bool has_body_ = false;   // of the answer, on the wire
  bool chunked_ = false;

  Arena arena_;
  http::H1RequestDecoder decoder_;
  std::optional<http::RequestHead> head_;
  std::string ahead_;  // bytes for which we are not hungry yet
  std::string body_;
  uint64_t body_bytes_ = 0;

  Plan plan_;
  Slots::Worker worker_;
  std::optional<Database::Visit> visit_;
  Slots::Worker query_;  // a connection to the database
  Answer answer_;
  uint64_t filler_sent_ = 0;
  uint32_t events_left_ = 0;

  BoundDeadline<ShopConnection, &ShopConnection::OnIdle> idle_{this};
  BoundAlarm<ShopConnection, &ShopConnection::OnAlarm> alarm_{this};
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SHOP_CONNECTION_H_
