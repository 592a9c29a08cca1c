// H2HeadReader: one block of HTTP/2 fields, as HPACK gives them one by one, into a head. It holds
// them to RFC 9113 section 8 by itself, whatever the library beneath has looked at: a head that
// would mean something else once it is written as HTTP/1 never comes out of here.
//
// Begin(), Add() for each field in order, then the Finish…() of its kind. A fault does not end the
// block (HPACK's state must be kept); the first one is what Finish…() returns.
//
// Threads: one. Pure. Cost: one copy of each name and value, into the arena of the exchange.
// Sources: RFC 9113 sections 8.1 to 8.3 and 10.3.
#ifndef SLUICE_PROXY_HTTP_H2_HEAD_H_
#define SLUICE_PROXY_HTTP_H2_HEAD_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/http/message.h"
#include "proxy/http/refusal.h"

namespace sluice::http {

class H2HeadReader {
 public:
  enum class Kind : uint8_t { kRequest, kResponse, kTrailers };

  explicit H2HeadReader(const HeadLimits& limits) : limits_(limits) {}

  // `into` is filled from here on and lives, with its arena, until the block is finished.
  void Begin(Kind kind, Fields& into);
  // False when the block has grown so far beyond every limit that reading on only costs: the
  // connection is to be ended.
  [[nodiscard]] bool Add(std::string_view name, std::string_view value);
  // The library beneath found a fault in a field and did not pass it on.
  void AddMalformed();

  // Of the block so far, as the same head would count in HTTP/1.
  uint64_t size() const { return size_; }

  // Each settles what Begin() was given the fields of. `end_stream`: no body follows.
  std::optional<Refusal> FinishRequest(RequestHead& head, bool end_stream);
  std::optional<Refusal> FinishResponse(ResponseHead& head, Method request, bool end_stream);
  std::optional<Refusal> FinishTrailers();

 private:
  // A block may be this many times its limit before reading it ends the connection.
  static constexpr uint32_t kPatience = 16;

  void AddPseudo(std::string_view name, std::string_view value);
  void AddField(std::string_view name, std::string_view value);
  void AddCookie(std::string_view value);
  void Refuse(int status, std::string_view why);
  std::string_view Keep(std::string_view text) { return fields_->arena().Copy(text); }

  const HeadLimits limits_;
  Kind kind_ = Kind::kRequest;
  Fields* fields_ = nullptr;
  uint64_t size_ = 0;
  uint32_t count_ = 0;   // fields, a cookie in crumbs as one
  uint32_t crumbs_ = 0;  // of a cookie, behind the first
  bool regular_ = false;
  std::string_view method_, scheme_, authority_, path_, status_;
  uint8_t seen_ = 0;  // which of them came
  std::optional<Refusal> refusal_;
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H2_HEAD_H_
