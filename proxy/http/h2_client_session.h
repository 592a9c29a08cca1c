// H2ClientSession: the client's end of an HTTP/2 connection to a server (h2_session.h): request
// heads into it, answers out of it. Answers are held to the same rules as requests.
//
// Threads: one. Pure. Ownership: the caller's for streams.
#ifndef SLUICE_PROXY_HTTP_H2_CLIENT_SESSION_H_
#define SLUICE_PROXY_HTTP_H2_CLIENT_SESSION_H_

#include <cstdint>
#include <string_view>

#include "proxy/http/h2_session.h"

namespace sluice::http {

// A request and its answer.
class H2ClientStream : public H2Stream {
 public:
  H2ClientStream() : H2Stream(nullptr) {}
  ~H2ClientStream() override { Leave(); }

 private:
  friend class H2ClientSession;

  // The final head comes once, behind any number of 1xx ones. It lives in the arena of Open().
  virtual void OnHead(const ResponseHead& head) = 0;

  ResponseHead* block_ = nullptr;  // being read
  Method method_ = Method::kGet;
  bool answered_ = false;
};

class H2ClientSession final : public H2Session {
 public:
  H2ClientSession(const HeadLimits& limits, const H2Options& options)
      : H2Session(/*server=*/false, limits, options) {}

  // False when the connection takes no more streams. `arena` outlives the stream's use.
  [[nodiscard]] bool Open(H2ClientStream& stream, Arena& arena, const RequestHead& head,
                          std::string_view scheme);
  // How many streams the server lets us have at once; 0 when it is going away. Before it said so,
  // a hundred are taken for granted (RFC 9113 section 6.5.2 recommends no less).
  uint32_t most_streams() const;
  // The server has not acted on it, and never will: any method may be sent again.
  bool Untouched(const H2Stream& stream, H2Error error) const;

 private:
  H2Stream* OnBlock(int32_t stream_id, H2Stream* known, H2HeadReader& reader) override;
  void OnBlockEnd(H2Stream& stream, H2HeadReader& reader, bool end_stream) override;
  void OnBlockRefused(H2Stream&, std::string_view) override {}
  void BeforePump() override {}
  void OnGoAway(int32_t last) override;

  bool going_away_ = false;
  int32_t last_served_ = 0;  // going_away_: streams above were not looked at
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H2_CLIENT_SESSION_H_
