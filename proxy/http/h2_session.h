// H2Session: one HTTP/2 connection on the wire, over nghttp2: bytes in, events out; commands in,
// bytes out. What both ends share: frames, flow control, bodies, and the defence against peers that
// cost more than they ask for. h2_server_session.h and h2_client_session.h add the heads.
//
// Bodies: what is to be sent waits in its stream until the peer's window and the caller's Pump()
// have room. What was received is owed by Consumed(); the connection's window is given back at
// once, so one slow stream stops no other.
//
// Commands raise no events; Feed() and Pump() do, and during them streams must not be destroyed.
// A stream may be destroyed at any other time.
//
// Threads: one. Pure: no sockets; time is an argument. Cost: outgoing bodies are copied twice, into
// their stream and out of it.
#ifndef SLUICE_PROXY_HTTP_H2_SESSION_H_
#define SLUICE_PROXY_HTTP_H2_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/base/bytes.h"
#include "proxy/base/time.h"
#include "proxy/http/h2_budget.h"
#include "proxy/http/h2_head.h"
#include "proxy/http/message.h"
#include "proxy/http/refusal.h"

struct nghttp2_session;

namespace sluice::http {

// Fields as the library takes them (h2_nv.h).
struct NvSpan;

// RFC 9113 section 7, those that are used here by name.
enum class H2Error : uint32_t {
  kNone = 0,
  kProtocol = 1,
  kInternal = 2,
  kFlowControl = 3,
  kRefusedStream = 7,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

// Why a peer was cut, for those who count: a budget it spent (H2Budget::Kind), ...
enum class H2Cut : uint8_t {
  kReset,
  kFault,
  kSettings,
  kPing,
  kEmpty,
  kWindow,
  kOther,
  kLimit,     // ... something larger or slower than allowed at all, ...
  kProtocol,  // ... or a rule it broke
};

struct H2Options {
  uint32_t max_streams = 100;  // at once, opened by the peer
  uint32_t stream_window = 64 * 1024;
  // Given back at once, so it bounds nothing that the streams' windows do not: wide.
  uint32_t connection_window = 1 << 20;
  // What waits to be sent on all streams together; beyond, each holds no more than kStreamFloor.
  size_t hold_bytes = 2 << 20;
  double tolerance = 1;  // times the budgets of h2_budget.h
};

class H2Session;

// One stream; the caller's own is made from it. Destroying it forgets the stream, but does not
// reset it.
class H2Stream {
 public:
  virtual ~H2Stream() { Leave(); }
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  int32_t id() const { return id_; }
  // Nothing more can be sent on it.
  bool closed() const { return closed_; }
  // Nor has anything the peer said on it a meaning: it is closed, or about to be for a fault.
  bool lost() const { return closed_ || !fault_.empty(); }
  size_t waiting() const { return out_.size(); }  // of the body, to be sent
  // The peer has left no window: that what waits does not leave is the peer's doing.
  bool shut() const;
  uint64_t given() const { return given_; }  // bytes of the body that left for the output

 protected:
  explicit H2Stream(Arena* arena) : arena_(arena) {}
  // The session forgets this stream. For destructors: the first one that runs calls it.
  void Leave();
  Arena* arena_;  // for trailers; set before the stream is used

 private:
  friend class H2Session;
  friend class H2ServerSession;
  friend class H2ClientSession;

  virtual void OnBody(std::string_view bytes) = 0;
  // The peer has said all. `trailers` may be null.
  virtual void OnEnd(const Fields* trailers) = 0;
  // Full() was true and no longer is.
  virtual void OnRoom() = 0;
  // The last byte of ours is in the output.
  virtual void OnSent() = 0;
  // The stream is over, by whomever, and no event follows; `fault`: what the peer did wrong, if
  // that is why.
  virtual void OnClosed(H2Error error, std::string_view fault) = 0;

  H2Session* session_ = nullptr;
  Bytes out_;
  const Fields* trailers_out_ = nullptr;
  Fields* trailers_in_ = nullptr;
  std::string_view fault_;
  uint64_t given_ = 0;
  uint64_t head_bytes_ = 0;  // received, unpacked
  size_t room_at_ = 0;       // was_full_: told when no more than this waits
  int32_t id_ = 0;
  bool submitted_ = false;  // the head is with nghttp2
  bool starved_ = false;    // it asked and there was none
  bool ended_ = false;      // SendEnd() was called
  bool closed_ = false;
  bool was_full_ = false;
  bool touched_ = false;
  bool peer_ended_ = false;
  bool sent_ = false;
};

class H2Session {
 public:
  virtual ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  // False when the session is over: what Pump() still gives is its farewell.
  bool Feed(std::string_view bytes, TimePoint now);
  // Appends frames to `out` until it holds `most` bytes or there is nothing to say.
  void Pump(Bytes& out, size_t most);

  void SendBody(H2Stream& stream, Pieces pieces);
  void SendEnd(H2Stream& stream, const Fields* trailers);
  void Reset(H2Stream& stream, H2Error error);
  void Consumed(H2Stream& stream, size_t bytes);
  // More than `mark` waits on the stream, or too much on all: OnRoom() will come.
  bool Full(H2Stream& stream, size_t mark);

  // Both ends stop opening streams: the first half says so, the second, a round trip later, names
  // the last stream that will be served.
  void AnnounceShutdown();
  void RefuseFurther();
  // Ends the session with this said; the reason is for people.
  void Doom(H2Error error, std::string_view why);

  // Neither to read nor to write any more, once Pump() has been called.
  bool over() const;
  std::string_view why() const { return why_; }  // of Doom(), or the library's
  bool doomed() const { return doomed_; }
  H2Cut cut() const { return cut_; }  // once doomed()
  // A head has begun and not ended: whoever waits for it should not wait forever.
  bool inside_head() const { return inside_head_ || current_ != nullptr; }
  size_t held() const { return held_; }
  uint64_t body_out() const { return body_out_; }  // bytes of bodies pumped so far

  // What each stream may hold whatever the others do.
  static constexpr size_t kStreamFloor = 16 * 1024;

 protected:
  H2Session(bool server, const HeadLimits& limits, const H2Options& options);

  struct Callbacks;  // nghttp2's side

  // A block of fields begins on `stream_id`; null: nobody reads it.
  virtual H2Stream* OnBlock(int32_t stream_id, H2Stream* known, H2HeadReader& reader) = 0;
  // It has ended, and the library has no objection.
  virtual void OnBlockEnd(H2Stream& stream, H2HeadReader& reader, bool end_stream) = 0;
  // The library has refused the block, and resets the stream.
  virtual void OnBlockRefused(H2Stream& stream, std::string_view why) = 0;
  virtual void BeforePump() = 0;
  // The peer serves no stream above `last`.
  virtual void OnGoAway(int32_t /*last*/) {}

  bool Charge(H2Budget::Kind kind, double count = 1);
  void BeginTrailers(H2Stream& stream, H2HeadReader& reader);
  void EndTrailers(H2Stream& stream, H2HeadReader& reader);
  void Adopt(H2Stream& stream, int32_t id);
  virtual void Forget(H2Stream& stream);
  void TellEnd(H2Stream& stream) { stream.OnEnd(nullptr); }
  bool IsSubmitted(const H2Stream& stream) const { return stream.submitted_; }
  bool HasEnded(const H2Stream& stream) const { return stream.ended_; }
  void DropBody(H2Stream& stream);
  // The head of a final answer; the body follows from the stream.
  void SubmitAnswer(H2Stream& stream, NvSpan list);
  // The head of a request; the id of its stream, or below 0.
  int32_t SubmitRequest(H2Stream& stream, NvSpan list, bool has_body);
  void Fault(H2Stream& stream, std::string_view why);

  nghttp2_session* session_ = nullptr;
  const H2Options options_;
  H2HeadReader reader_;

 private:
  friend class H2Stream;

  void Close(H2Stream& stream, H2Error error);
  void Wake(H2Stream& stream);
  void Give(H2Stream& stream, size_t bytes);
  void TellRoom();
  void AppendFarewell(Bytes& out);

  H2Stream* current_ = nullptr;  // whose block is being read
  H2Budget budget_;
  TimePoint now_{};
  Bytes* sink_ = nullptr;  // during Pump()
  size_t sink_most_ = 0;
  size_t held_ = 0;
  uint64_t body_out_ = 0;
  std::vector<H2Stream*> touched_;  // gave bytes away in this Pump()
  std::string_view why_;
  H2Error farewell_ = H2Error::kNone;
  H2Cut cut_ = H2Cut::kProtocol;
  const bool server_;
  bool doomed_ = false;
  bool farewell_said_ = false;
  bool inside_head_ = false;
  uint32_t continuations_ = 0;  // of that head
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H2_SESSION_H_
