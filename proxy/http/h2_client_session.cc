#include "proxy/http/h2_client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <new>
#include <optional>

#include "proxy/base/check.h"
#include "proxy/http/h2_nv.h"

namespace sluice::http {

bool H2ClientSession::Open(H2ClientStream& stream, Arena& arena, const RequestHead& head,
                           std::string_view scheme) {
  if (most_streams() == 0) return false;
  stream.arena_ = &arena;
  stream.method_ = head.method;
  const NumberText length(head.framing.length);
  NvList list;
  list.push_back(MakeNv(":method", head.method_text));
  list.push_back(MakeNv(":scheme", scheme));
  list.push_back(MakeNv(":authority", head.fields.Value(FieldId::kHost)));
  list.push_back(MakeNv(":path", head.target));
  AppendFields(head.fields, list);
  if (head.framing.kind == Framing::Kind::kLength) {
    list.push_back(MakeNv("content-length", length.view()));
  }
  return SubmitRequest(stream, {list.data(), list.size()}, HasBody(head.framing)) > 0;
}

uint32_t H2ClientSession::most_streams() const {
  if (going_away_ || over()) return 0;
  const uint32_t said =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(said, options_.max_streams);
}

bool H2ClientSession::Untouched(const H2Stream& stream, H2Error error) const {
  return error == H2Error::kRefusedStream || (going_away_ && stream.id() > last_served_);
}

void H2ClientSession::OnGoAway(int32_t last) {
  going_away_ = true;
  last_served_ = last;
}

H2Stream* H2ClientSession::OnBlock(int32_t, H2Stream* known, H2HeadReader& reader) {
  if (known == nullptr) return nullptr;
  auto& stream = static_cast<H2ClientStream&>(*known);
  if (stream.answered_) {
    BeginTrailers(stream, reader);
  } else {
    Arena& arena = *stream.arena_;
    stream.block_ = new (arena.Allocate(sizeof(ResponseHead))) ResponseHead(arena);
    reader.Begin(H2HeadReader::Kind::kResponse, stream.block_->fields);
  }
  return known;
}

void H2ClientSession::OnBlockEnd(H2Stream& known, H2HeadReader& reader, bool end_stream) {
  auto& stream = static_cast<H2ClientStream&>(known);
  if (stream.answered_) return EndTrailers(stream, reader);
  ResponseHead& head = *stream.block_;
  if (const auto refusal = reader.FinishResponse(head, stream.method_, end_stream)) {
    return Fault(stream, refusal->why);
  }
  stream.answered_ = head.status >= 200;
  stream.OnHead(head);
  if (end_stream) TellEnd(stream);
}

}  // namespace sluice::http
