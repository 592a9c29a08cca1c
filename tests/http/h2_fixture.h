// H2Talk: a server session and a client made of hand-written frames. Every request is noted, and
// answered as the test says.
#ifndef SLUICE_TESTS_HTTP_H2_FIXTURE_H_
#define SLUICE_TESTS_HTTP_H2_FIXTURE_H_

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/h2_server_session.h"
#include "tests/support/h2_frames.h"

namespace sluice::test {

// What became of one request.
struct H2Seen {
  int requests = 0;
  int refused = 0;  // the status, 0: none
  std::string why, method, path, host, fields, body, trailers;
  bool streaming = false;
  http::Framing framing;
  bool ended = false;
  bool closed = false;
  bool sent = false;
  int rooms = 0;
  http::H2Error error = http::H2Error::kNone;
  std::string fault;

  bool complete() const {
    return requests == 1 && refused == 0 && ended && error == http::H2Error::kNone;
  }
};

class H2Talk final : private http::H2ServerSession::Events {
 public:
  class Stream final : public http::H2ServerStream {
   public:
    explicit Stream(H2Talk& talk) : talk_(talk) {}
    ~Stream() override { Leave(); }
    H2Seen& seen() { return talk_.seen[static_cast<uint32_t>(id())]; }

   private:
    void OnRequest(const http::Refusal* refusal) override;
    void OnBody(std::string_view bytes) override {
      seen().body += bytes;
      if (talk_.consumes) talk_.session.Consumed(*this, bytes.size());
    }
    void OnEnd(const http::Fields* trailers) override {
      seen().ended = true;
      for (const http::Field& field : trailers == nullptr ? talk_.none_ : *trailers) {
        seen().trailers += std::string(field.name) + ": " + std::string(field.value) + "\n";
      }
      if (talk_.on_end) talk_.on_end(*this);
    }
    void OnRoom() override { ++seen().rooms; }
    void OnSent() override { seen().sent = true; }
    void OnClosed(http::H2Error error, std::string_view fault) override {
      seen().closed = true;
      seen().error = error;
      seen().fault = fault;
    }
    H2Talk& talk_;
  };

  explicit H2Talk(const http::H2Options& options = {}) : session(*this, {}, options) {}

  // Feeds and pumps; false when the session is over.
  bool Say(std::string_view bytes, size_t piece = 1 << 20) {
    for (bool open = true; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      open = session.Feed(bytes.substr(0, piece), now);
      Pump();
      if (!open) return false;
    }
    return !session.over();
  }
  void Pump(size_t most = 1 << 20) {
    Bytes out;
    session.Pump(out, most);
    reader.Feed(out.ToString());
  }
  Stream& stream(uint32_t id) {
    for (const std::unique_ptr<Stream>& known : streams) {
      if (static_cast<uint32_t>(known->id()) == id) return *known;
    }
    std::abort();
  }
  void Answer(Stream& stream, int status, std::string_view body,
              std::vector<std::pair<std::string_view, std::string_view>> fields = {}) {
    http::ResponseHead head(stream.memory());
    head.status = status;
    for (const auto& [name, value] : fields) head.fields.Add(name, value);
    head.framing = {.kind = http::Framing::Kind::kLength, .length = body.size()};
    session.SendHead(stream, head);
    session.SendBody(stream, Pieces(&body, 1));
    session.SendEnd(stream, nullptr);
  }
  void Close(Stream& gone) {
    std::erase_if(streams, [&](const auto& known) { return known.get() == &gone; });
  }

  std::map<uint32_t, H2Seen> seen;
  http::H2ServerSession session;
  std::vector<std::unique_ptr<Stream>> streams;  // behind the session, which they leave
  h2::Reader reader;
  TimePoint now{std::chrono::seconds(1000)};
  bool consumes = true;
  std::function<void(Stream&)> on_end;
  std::function<void(http::RequestHead&)> on_request;
  Arena memory_;
  const http::Fields none_{memory_};

 private:
  http::H2ServerStream* OnStream() override {
    streams.push_back(std::make_unique<Stream>(*this));
    return streams.back().get();
  }
};

inline void H2Talk::Stream::OnRequest(const http::Refusal* refusal) {
  H2Seen& noted = seen();
  ++noted.requests;
  if (refusal != nullptr) {
    noted.refused = refusal->status;
    noted.why = refusal->why;
    return;
  }
  if (talk_.on_request) talk_.on_request(head());
  noted.method = head().method_text;
  noted.path = head().path;
  noted.host = head().host;
  noted.streaming = head().streaming;
  noted.framing = head().framing;
  for (const http::Field& field : head().fields) {
    noted.fields += std::string(field.name) + ": " + std::string(field.value) + "\n";
  }
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_HTTP_H2_FIXTURE_H_
