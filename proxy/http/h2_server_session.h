// H2ServerSession: the server's end of an HTTP/2 connection (h2_session.h): request heads out of
// it, answers into it. A head that RFC 9113 or the limits refuse still comes out, with the refusal,
// so that it is answered and recorded like one of HTTP/1.
//
// An answer's head stays here until the next Pump(): till then it can be taken back, and an answer
// without a body leaves as one frame.
//
// Threads: one. Pure. Ownership: the caller's for streams; it makes one when asked to.
#ifndef SLUICE_PROXY_HTTP_H2_SERVER_SESSION_H_
#define SLUICE_PROXY_HTTP_H2_SERVER_SESSION_H_

#include <vector>

#include "proxy/http/h2_session.h"

namespace sluice::http {

class H2ServerSession;

// A request and its answer.
class H2ServerStream : public H2Stream {
 public:
  H2ServerStream() : H2Stream(&memory_), head_(memory_) {}
  ~H2ServerStream() override;

  Arena& memory() { return memory_; }
  RequestHead& head() { return head_; }

 private:
  friend class H2ServerSession;

  // Comes first and once, unless OnClosed() does. With a refusal `head()` holds what was
  // understood; nothing follows but OnClosed().
  virtual void OnRequest(const Refusal* refusal) = 0;

  Arena memory_;
  RequestHead head_;
  const ResponseHead* answer_ = nullptr;  // in memory_; not yet with the library
  bool opened_ = false;
};

class H2ServerSession final : public H2Session {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    // A request begins. Null: it gets no stream of ours and is reset.
    virtual H2ServerStream* OnStream() = 0;
  };

  H2ServerSession(Events& events, const HeadLimits& limits, const H2Options& options)
      : H2Session(/*server=*/true, limits, options), events_(events) {}

  void SendInterim(H2ServerStream& stream, const ResponseHead& head);
  // `head` is copied into the stream's memory.
  void SendHead(H2ServerStream& stream, const ResponseHead& head);
  // True: nothing of the answer had left, and another SendHead() may follow.
  bool Retract(H2ServerStream& stream);

 private:
  friend class H2ServerStream;

  H2Stream* OnBlock(int32_t stream_id, H2Stream* known, H2HeadReader& reader) override;
  void OnBlockEnd(H2Stream& stream, H2HeadReader& reader, bool end_stream) override;
  void OnBlockRefused(H2Stream& stream, std::string_view why) override;
  void BeforePump() override;
  void Forget(H2Stream& stream) override;
  void Submit(H2ServerStream& stream);

  Events& events_;
  std::vector<H2ServerStream*> unsent_;  // whose answer_ waits
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H2_SERVER_SESSION_H_
