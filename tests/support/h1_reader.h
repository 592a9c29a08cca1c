// Reads a connection's worth of bytes with the HTTP/1 decoders, cut into pieces of a given size,
// into plain values that tests and fuzz targets can compare. Every piece is fed from a heap block
// of exactly its size, so that a sanitizer sees a read or write beyond it.
#ifndef SLUICE_TESTS_SUPPORT_H1_READER_H_
#define SLUICE_TESTS_SUPPORT_H1_READER_H_

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/arena.h"
#include "proxy/base/bytes.h"
#include "proxy/base/check.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/message.h"

namespace sluice::test {

struct ReadMessage {
  enum class State { kIncomplete, kComplete, kRefused };

  State state = State::kIncomplete;
  bool has_head = false;
  std::string start;       // requests: "GET /target HTTP/1.1"; responses: "200 OK"
  std::string routed;      // requests: "host path ?query"
  std::string method;      // requests
  std::string path;        // requests
  std::string connection;  // keep_alive, expect_continue, upgrade
  std::string fields;      // a line each, without those that belong to one connection's framing
  http::Framing::Kind framing = http::Framing::Kind::kNone;
  bool http10 = false;
  bool hostless = false;
  bool keep_alive = false;
  int status = 0;  // of a response; of a refused request: what to answer
  std::string body;
  std::string trailers;
  std::string why;
  std::string encoded;  // a complete message, written by the encoders

  friend bool operator==(const ReadMessage&, const ReadMessage&) = default;
};

inline std::string TextOf(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    if (field.id == http::FieldId::kConnection || field.id == http::FieldId::kContentLength ||
        field.id == http::FieldId::kTransferEncoding) {
      continue;
    }
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

inline void EncodeBody(const http::Framing& framing, const std::string& body,
                       const http::Fields* trailers, Bytes& out) {
  if (framing.kind != http::Framing::Kind::kChunked) return out.Append(body);
  if (!body.empty()) http::EncodeChunk(body, out);
  http::EncodeLastChunk(trailers, out);
}

// What requests and responses have in common: feeding pieces to a decoder's head and body.
template <typename Decoder, typename Head>
class H1Reader {
 public:
  explicit H1Reader(const http::HeadLimits& limits) : decoder_(limits) {}

  const std::vector<ReadMessage>& messages() const { return messages_; }

 protected:
  // One message's state, from its first byte on.
  void Begin() {
    messages_.emplace_back();
    arena_.Clear();
    in_body_ = false;
  }

  // Feeds one piece; false when the connection would be closed.
  template <typename FeedHead, typename OnHead, typename OnEnd>
  bool Feed(std::string_view piece, FeedHead feed_head, OnHead on_head, OnEnd on_end) {
    std::vector<char> block(piece.begin(), piece.end());
    std::span<char> rest(block);
    while (!rest.empty()) {
      if (messages_.empty() || messages_.back().state == ReadMessage::State::kComplete) Begin();
      ReadMessage& message = messages_.back();
      if (!in_body_) {
        const http::HeadResult got = feed_head(std::string_view(rest.data(), rest.size()));
        if (got.state == http::HeadResult::State::kRefused) {
          message.state = ReadMessage::State::kRefused;
          message.status = got.refusal.status;
          message.why = got.refusal.why;
          return false;
        }
        rest = rest.subspan(got.consumed);
        if (got.state == http::HeadResult::State::kNeedMore) {
          SLUICE_CHECK(rest.empty());
          // Empty lines between messages are nobody's.
          if (decoder_.idle()) messages_.pop_back();
          continue;
        }
        on_head(message);
        message.has_head = true;
        in_body_ = http::HasBody(head_.framing);
        if (!in_body_ && !End(message, nullptr, on_end)) return false;
        continue;
      }
      const http::BodyResult got = decoder_.FeedBody(rest, arena_);
      SLUICE_CHECK(got.consumed > 0 || got.refused);
      message.body.append(got.data);
      rest = rest.subspan(got.consumed);
      if (got.refused) {
        message.state = ReadMessage::State::kRefused;
        message.status = 400;
        message.why = got.why;
        return false;
      }
      if (got.end && !End(message, decoder_.trailers(), on_end)) return false;
    }
    return true;
  }

  template <typename OnEnd>
  bool End(ReadMessage& message, const http::Fields* trailers, OnEnd on_end) {
    message.state = ReadMessage::State::kComplete;
    if (trailers != nullptr) message.trailers = TextOf(*trailers);
    in_body_ = false;
    return on_end(message, trailers);
  }

  Decoder decoder_;
  Arena arena_;
  Head head_{arena_};
  bool in_body_ = false;
  std::vector<ReadMessage> messages_;
};

class RequestReader : H1Reader<http::H1RequestDecoder, http::RequestHead> {
 public:
  static std::vector<ReadMessage> Read(std::string_view bytes, size_t piece,
                                       const http::HeadLimits& limits = {}) {
    RequestReader reader(limits);
    while (!bytes.empty() && reader.FeedPiece(bytes.substr(0, piece))) {
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return reader.messages();
  }

 private:
  using H1Reader::H1Reader;

  bool FeedPiece(std::string_view piece) {
    return Feed(
        piece, [this](std::string_view bytes) { return decoder_.FeedHead(bytes, arena_, head_); },
        [this](ReadMessage& message) { Describe(message); },
        [this](ReadMessage& message, const http::Fields* trailers) {
          Bytes out;
          http::EncodeRequest(head_, head_.target, {}, out);
          EncodeBody(head_.framing, message.body, trailers, out);
          message.encoded = out.ToString();
          return head_.keep_alive;
        });
  }

  void Describe(ReadMessage& message) {
    message.http10 = head_.version == http::Version::kHttp10;
    message.hostless = head_.fields.Find(http::FieldId::kHost) == nullptr;
    message.keep_alive = head_.keep_alive;
    message.start.append(head_.method_text).append(" ").append(head_.target);
    message.routed.append(head_.host).append(" ").append(head_.path).append(" ");
    message.routed.append(head_.has_query ? "?" : "").append(head_.query);
    message.method = head_.method_text;
    message.path = head_.path;
    message.connection.append(head_.keep_alive ? "keep " : "close ");
    message.connection.append(head_.expect_continue ? "continue " : "").append(head_.upgrade);
    message.fields = TextOf(head_.fields);
    message.framing = head_.framing.kind;
  }
};

class ResponseReader : H1Reader<http::H1ResponseDecoder, http::ResponseHead> {
 public:
  // The answers to one request, interim heads first. The server closes behind `bytes`.
  static std::vector<ReadMessage> Read(std::string_view bytes, size_t piece, http::Method method,
                                       const http::HeadLimits& limits = {}) {
    ResponseReader reader(limits);
    reader.method_ = method;
    while (!bytes.empty() && reader.FeedPiece(bytes.substr(0, piece))) {
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    reader.Close();
    return reader.messages();
  }

 private:
  using H1Reader::H1Reader;

  bool FeedPiece(std::string_view piece) {
    return Feed(
        piece,
        [this](std::string_view bytes) { return decoder_.FeedHead(bytes, arena_, method_, head_); },
        [this](ReadMessage& message) { Describe(message); },
        [this](ReadMessage& message, const http::Fields* trailers) {
          Encode(message, trailers);
          return message.status < 200;
        });
  }

  void Close() {
    if (!in_body_ || messages_.empty()) return;
    ReadMessage& message = messages_.back();
    if (message.state != ReadMessage::State::kIncomplete) return;
    if (message.framing != http::Framing::Kind::kUntilClose &&
        message.framing != http::Framing::Kind::kTunnel) {
      return;
    }
    message.state = ReadMessage::State::kComplete;
    Encode(message, nullptr);
  }

  void Encode(ReadMessage& message, const http::Fields* trailers) {
    Bytes out;
    http::EncodeResponse(head_, {}, out);
    EncodeBody(head_.framing, message.body, trailers, out);
    message.encoded = out.ToString();
  }

  void Describe(ReadMessage& message) {
    message.status = head_.status;
    message.http10 = head_.version == http::Version::kHttp10;
    message.keep_alive = head_.keep_alive;
    message.start = std::to_string(head_.status).append(" ").append(head_.reason);
    message.connection = head_.keep_alive ? "keep" : "close";
    message.fields = TextOf(head_.fields);
    message.framing = head_.framing.kind;
  }

  http::Method method_ = http::Method::kGet;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_H1_READER_H_
