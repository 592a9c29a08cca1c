// The two faces of an exchange, in memory: a client and the servers it may be sent to, both played
// by the test. They keep what the exchange says and raise what the test tells them to, so that
// every order of events can be produced without a socket.
//
// They hold the exchange to its side of the deal (http/exchange_streams.h): no answer after its
// end, no credit for bytes that were not given. Threads: the test's.
#ifndef SLUICE_TESTS_SUPPORT_MEMORY_STREAMS_H_
#define SLUICE_TESTS_SUPPORT_MEMORY_STREAMS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/base/failure.h"
#include "proxy/http/exchange_streams.h"
#include "proxy/upstream/lease.h"
#include "proxy/upstream/pool.h"

namespace sluice::test {

// "name: value\n" of each field.
std::string FieldLines(const http::Fields& fields);

class MemoryClient final : public http::Downstream {
 public:
  // The exchange it belongs to; set before anything is raised.
  void Attach(http::DownstreamEvents* exchange) { exchange_ = exchange; }

  // What the client does.
  void SendsBody(std::string_view bytes);
  void EndsRequest(const http::Fields* trailers = nullptr);
  void Fails(Cause cause);
  // Reads `bytes` of the answer; room that the exchange waits for is told of.
  void Reads(size_t bytes);
  // The answer has left for good.
  void SettlesAnswer();

  // What it got.
  std::vector<int> interims;
  int status = 0;  // 0: no head yet
  std::string fields;
  http::Framing framing;
  std::string body;
  std::string trailers;
  bool ended = false;
  bool reset = false;
  bool settled = false;
  size_t unread = 0;  // of `body`
  // Of the request body: given to the exchange, and not yet Consumed().
  size_t owed = 0;
  size_t high_mark = 64 * 1024;

  // http::Downstream
  void SendInterim(const http::ResponseHead& head) override;
  void SendHead(const http::ResponseHead& head) override;
  void SendBody(std::string_view bytes) override;
  void SendEnd(const http::Fields* trailers) override;
  // What reaches this client has left: nothing can be taken back.
  bool Retract() override { return false; }
  void Reset() override;
  void Consumed(size_t bytes) override;
  bool Full() const override;
  void SetHighMark(size_t bytes) override { high_mark = bytes; }

 private:
  http::DownstreamEvents* exchange_ = nullptr;
  mutable bool was_full_ = false;
};

// One connection to a server, as the server sees it.
class MemoryServer final : public upstream::Leasable {
 public:
  explicit MemoryServer(std::string where) : address(std::move(where)) {}

  // What the server does. `head_lines` are "Name: value" each.
  void Interim(int code);
  void Answers(int code, const http::Framing& framing, std::vector<std::string> head_lines = {});
  void SendsBody(std::string_view bytes);
  void EndsAnswer(const http::Fields* trailers = nullptr);
  void Fails(Cause cause, bool nothing_sent = false, bool answer_begun = false);
  // Whether it reads: while it does not, it is full.
  void StopsReading() { full_ = true; }
  void ReadsAgain();

  // What it got.
  const std::string address;
  std::string start;  // "GET /path"
  std::string fields;
  http::Framing framing;
  std::string body;
  std::string trailers;
  bool ended = false;
  bool given_back = false;
  // Of the answer's body: given to the exchange, and not yet Consumed().
  size_t owed = 0;

  // upstream::Leasable
  void Begin(http::UpstreamEvents& events, Arena& arena) override;
  void GiveBack(upstream::Permit permit) override;
  void SendHead(const http::RequestHead& head) override;
  void SendBody(Pieces pieces) override;
  void SendEnd(const http::Fields* trailers) override;
  void Consumed(size_t bytes) override;
  bool Full() const override { return full_; }

 private:
  http::UpstreamEvents* events_ = nullptr;
  Arena* arena_ = nullptr;
  bool full_ = false;
};

// Where an exchange gets its servers. Each try is in `tries`, in order, and stays there.
class MemoryConnector final : public upstream::Connector {
 public:
  // The last connection that was asked for and has no outcome yet.
  bool waiting() const { return pending_.has_value(); }
  const std::string& waiting_for() const { return pending_->address; }
  // Its outcome.
  MemoryServer& Accepts();
  void Refuses(Cause cause = Cause::kConnectRefused);

  // The next TakeIdle() hands out a connection that was used `rest` ago.
  void Keeps(Duration rest) { kept_rest_ = rest; }

  MemoryServer& last() { return *tries.back(); }
  std::vector<std::unique_ptr<MemoryServer>> tries;
  uint32_t cancelled = 0;  // attempts given up before their outcome

  // upstream::Connector
  upstream::Lease TakeIdle(upstream::ServerSlot& slot, Duration max_rest) override;
  std::unique_ptr<upstream::Attempt> Connect(std::shared_ptr<upstream::ServerSlot> slot,
                                             const conf::Pool& spec, Duration timeout,
                                             Connected done) override;

 private:
  class Pending;
  struct Wanted {
    std::string address;
    Pending* attempt;  // the exchange's
    Connected done;
  };
  std::optional<Wanted> pending_;
  std::optional<Duration> kept_rest_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_MEMORY_STREAMS_H_
