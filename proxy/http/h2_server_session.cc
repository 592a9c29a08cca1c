#include "proxy/http/h2_server_session.h"

#include <nghttp2/nghttp2.h>

#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/http/h2_nv.h"

namespace sluice::http {

H2ServerStream::~H2ServerStream() { Leave(); }

H2Stream* H2ServerSession::OnBlock(int32_t stream_id, H2Stream* known, H2HeadReader& reader) {
  if (known != nullptr) {
    BeginTrailers(*known, reader);
    return known;
  }
  H2ServerStream* const stream = events_.OnStream();
  if (stream == nullptr) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
    return nullptr;
  }
  Adopt(*stream, stream_id);
  reader.Begin(H2HeadReader::Kind::kRequest, stream->head_.fields);
  return stream;
}

void H2ServerSession::OnBlockEnd(H2Stream& known, H2HeadReader& reader, bool end_stream) {
  auto& stream = static_cast<H2ServerStream&>(known);
  if (stream.opened_) return EndTrailers(stream, reader);
  stream.opened_ = true;
  const std::optional<Refusal> refusal = reader.FinishRequest(stream.head_, end_stream);
  if (refusal) {
    if (!Charge(H2Budget::Kind::kFault, H2Budget::Weight(reader.size()))) return;
    return stream.OnRequest(&*refusal);
  }
  stream.OnRequest(nullptr);
  if (end_stream && !stream.closed()) TellEnd(stream);
}

void H2ServerSession::OnBlockRefused(H2Stream& known, std::string_view why) {
  auto& stream = static_cast<H2ServerStream&>(known);
  if (std::exchange(stream.opened_, true)) return;
  stream.head_.version = Version::kHttp2;
  const Refusal refusal{400, why};
  stream.OnRequest(&refusal);
}

void H2ServerSession::SendInterim(H2ServerStream& stream, const ResponseHead& head) {
  if (stream.closed() || stream.answer_ != nullptr || IsSubmitted(stream)) return;
  const NumberText status(static_cast<uint64_t>(head.status));
  NvList list;
  list.push_back(MakeNv(":status", status.view()));
  AppendFields(head.fields, list);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id(), nullptr, list.data(),
                         list.size(), nullptr);
}

void H2ServerSession::SendHead(H2ServerStream& stream, const ResponseHead& head) {
  SLUICE_CHECK(stream.answer_ == nullptr);
  if (stream.closed()) return;
  static_assert(std::is_trivially_destructible_v<ResponseHead>);  // arenas run no destructors
  Arena& arena = stream.memory_;
  auto* const kept = new (arena.Allocate(sizeof(ResponseHead))) ResponseHead(arena);
  kept->status = head.status;
  kept->framing = head.framing;
  kept->fields.Reserve(head.fields.size());
  for (const Field& field : head.fields) {
    if (StaysBehind(field)) continue;
    kept->fields.Add({arena.Copy(field.name), arena.Copy(field.value), field.id});
  }
  stream.answer_ = kept;
  unsent_.push_back(&stream);
}

bool H2ServerSession::Retract(H2ServerStream& stream) {
  if (stream.closed() || stream.answer_ == nullptr || HasEnded(stream)) return false;
  stream.answer_ = nullptr;
  std::erase(unsent_, &stream);
  DropBody(stream);
  return true;
}

void H2ServerSession::BeforePump() {
  for (H2ServerStream* const stream : unsent_) Submit(*stream);
  unsent_.clear();
}

void H2ServerSession::Submit(H2ServerStream& stream) {
  const ResponseHead& head = *std::exchange(stream.answer_, nullptr);
  if (stream.closed()) return;
  const NumberText status(static_cast<uint64_t>(head.status));
  const NumberText length(head.framing.length);
  NvList list;
  list.push_back(MakeNv(":status", status.view()));
  AppendFields(head.fields, list);
  // END_STREAM says "nothing" as well, and gRPC's answers without a body never say it twice.
  const bool says_length =
      head.framing.kind == Framing::Kind::kLength
          ? head.framing.length > 0 ||
                !head.fields.Value(FieldId::kContentType).starts_with("application/grpc")
          : head.framing.kind == Framing::Kind::kNone && head.framing.stated;
  if (says_length) list.push_back(MakeNv("content-length", length.view()));
  SubmitAnswer(stream, {list.data(), list.size()});
}

void H2ServerSession::Forget(H2Stream& known) {
  std::erase(unsent_, static_cast<H2ServerStream*>(&known));
  H2Session::Forget(known);
}

}  // namespace sluice::http
