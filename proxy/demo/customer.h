// Customer: one shopper of a Crowd, from its first page to its last. One connection, kept over its
// pages and opened anew when it is closed; a kept one that ends before a byte of the answer has
// come is replaced unseen, as browsers do. The behaviour is told in crowd.h.
//
// Threads: the loop's. Owned by its crowd; leaves through Crowd::Leave() only.
#ifndef SLUICE_PROXY_DEMO_CUSTOMER_H_
#define SLUICE_PROXY_DEMO_CUSTOMER_H_

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
#include "proxy/demo/cookie_jar.h"
#include "proxy/demo/crowd.h"
#include "proxy/http/h1_codec.h"
#include "proxy/net/dialer.h"
#include "proxy/net/socket.h"

namespace sluice::demo {

class Customer final : public net::StreamEvents {
 public:
  Customer(Crowd& crowd, uint64_t number, uint8_t wave, bool bot);
  ~Customer() override;
  void Begin() { Ask(); }

  Outcome SoFar();  // as if it ended now
  size_t place() const { return place_; }
  void set_place(size_t place) { place_ = place; }

 private:
  enum class State : uint8_t {
    kThinking,  // or about to try again
    kDialing,
    kAsking,      // the answer has not come, or not all of it
    kToldToWait,  // or about to reload
    kGone,
  };
  // What an answer says, beyond its body.
  struct Reply {
    int status = 0;
    bool own = false;         // a page of the shop
    bool keep_alive = false;  // the connection may be used again
    std::optional<Duration> come_back;
  };

  void OnRead(std::span<char> bytes) override;
  void OnReadEnd(int error) override;
  void OnWritable() override {}
  void OnFlushed() override {}
  void OnDialed(std::unique_ptr<net::Socket> socket, int error);
  void OnPatienceOver();
  void OnAlarm();

  void Ask();
  void Send();
  bool ReadHead(std::span<char>& bytes);
  void OnAnswer();
  void OnPage();
  void OnError();
  void OnCut();
  void WaitAsTold(Duration time);
  void StayAway(Duration time);
  void TryAgain(Duration after);
  bool InLine() const { return outcome_.lined_up && outcome_.first_page == TimePoint(); }
  Duration DrawThinking();
  void StopAsking(bool keep_connection);
  void NoteWait();
  void NoteEntry();
  void NoteTicket(std::string_view set_cookie);
  void Leave(bool bought);

  Crowd& crowd_;
  const uint64_t number_;
  size_t place_ = 0;
  State state_ = State::kThinking;
  Outcome outcome_;

  // When the page was first asked for, later by what it was told to wait; none before.
  std::optional<TimePoint> page_begun_;
  TimePoint asked_{};  // the request under way
  TimePoint told_since_{};
  uint32_t tries_ = 0;  // of this page, that failed
  std::string product_;
  CookieJar cookies_;
  std::optional<Standing> standing_;

  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<net::Socket> socket_;
  bool kept_ = false;   // the connection has carried an answer before
  bool heard_ = false;  // a byte of this answer

  Arena arena_;
  std::optional<http::H1ResponseDecoder> decoder_;  // of this connection
  std::optional<http::ResponseHead> head_;
  bool in_body_ = false;
  Reply reply_;

  BoundDeadline<Customer, &Customer::OnPatienceOver> patience_{this};
  BoundAlarm<Customer, &Customer::OnAlarm> alarm_{this};
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_CUSTOMER_H_
