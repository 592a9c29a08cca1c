#include <algorithm>
#include <charconv>

#include "proxy/base/check.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/rules.h"

namespace sluice::http {
namespace {

// Writes into room that was reserved for the worst case.
class HeadWriter {
 public:
  explicit HeadWriter(char* to) : begin_(to), to_(to) {}

  // Not memcpy: an empty view may have a null pointer.
  void Text(std::string_view text) { to_ = std::copy(text.begin(), text.end(), to_); }
  void Field(std::string_view name, std::string_view value) {
    Text(name);
    Text(": ");
    Text(value);
    Text("\r\n");
  }
  void Number(uint64_t number) { to_ = std::to_chars(to_, to_ + 20, number).ptr; }
  size_t size() const { return static_cast<size_t>(to_ - begin_); }

 private:
  char* const begin_;
  char* to_;
};

// Start line apart, no head needs more than this for what is not in its fields: a framing field,
// the names of two fields, an empty line.
constexpr size_t kOverhead = 96;

bool WrittenApart(FieldId id) {
  return id == FieldId::kContentLength || id == FieldId::kTransferEncoding ||
         id == FieldId::kConnection;
}

size_t SizeOf(const Fields& fields) {
  size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + 4;
  return size;
}

void WriteFields(const Fields& fields, HeadWriter& writer) {
  for (const Field& field : fields) {
    if (!WrittenApart(field.id)) writer.Field(field.name, field.value);
  }
}

void WriteEnd(const Framing& framing, std::string_view connection, HeadWriter& writer) {
  if (framing.kind == Framing::Kind::kChunked) {
    writer.Text("Transfer-Encoding: chunked\r\n");
  } else if (framing.kind == Framing::Kind::kLength || framing.stated) {
    writer.Text("Content-Length: ");
    writer.Number(framing.length);
    writer.Text("\r\n");
  }
  if (!connection.empty()) writer.Field("Connection", connection);
  writer.Text("\r\n");
}

}  // namespace

void EncodeRequest(const RequestHead& head, std::string_view target, std::string_view connection,
                   Bytes& out) {
  HeadWriter writer(out.Reserve(head.method_text.size() + target.size() + SizeOf(head.fields) +
                                connection.size() + kOverhead));
  writer.Text(head.method_text);
  writer.Text(" ");
  writer.Text(target);
  writer.Text(" HTTP/1.1\r\n");
  WriteFields(head.fields, writer);
  WriteEnd(head.framing, connection, writer);
  out.Commit(writer.size());
}

void EncodeResponse(const ResponseHead& head, std::string_view connection, Bytes& out) {
  SLUICE_DCHECK(head.status >= 100 && head.status <= 599);
  HeadWriter writer(
      out.Reserve(head.reason.size() + SizeOf(head.fields) + connection.size() + kOverhead));
  writer.Text("HTTP/1.1 ");
  writer.Number(static_cast<uint64_t>(head.status));
  writer.Text(" ");
  writer.Text(head.reason);
  writer.Text("\r\n");
  WriteFields(head.fields, writer);
  WriteEnd(head.framing, connection, writer);
  out.Commit(writer.size());
}

void EncodeChunk(std::string_view bytes, Bytes& out) {
  SLUICE_DCHECK(!bytes.empty());
  char head[18];
  out.Append(ChunkHead(bytes.size(), head));
  out.Append(bytes);
  out.Append("\r\n");
}

std::string_view ChunkHead(uint64_t size, std::span<char> buffer) {
  SLUICE_DCHECK(buffer.size() >= 18);
  char* const end = std::to_chars(buffer.data(), buffer.data() + 16, size, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  return {buffer.data(), static_cast<size_t>(end + 2 - buffer.data())};
}

void EncodeLastChunk(const Fields* trailers, Bytes& out) {
  HeadWriter writer(out.Reserve((trailers == nullptr ? 0 : SizeOf(*trailers)) + kOverhead));
  writer.Text("0\r\n");
  if (trailers != nullptr) {
    for (const Field& field : *trailers) {
      if (AllowedInTrailer(field)) writer.Field(field.name, field.value);
    }
  }
  writer.Text("\r\n");
  out.Commit(writer.size());
}

}  // namespace sluice::http
