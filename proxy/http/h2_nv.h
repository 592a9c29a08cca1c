// Fields as nghttp2 takes them. For the sessions only. Names are lowered and everything is copied
// by the library, so views need to live during one call only.
#ifndef SLUICE_PROXY_HTTP_H2_NV_H_
#define SLUICE_PROXY_HTTP_H2_NV_H_

#include <nghttp2/nghttp2.h>

#include <charconv>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "proxy/http/message.h"

namespace sluice::http {

using NvList = absl::InlinedVector<nghttp2_nv, 32>;

struct NvSpan {
  const nghttp2_nv* data;
  size_t size;
};

inline nghttp2_nv MakeNv(std::string_view name, std::string_view value) {
  // nghttp2 reads only; its type has no const.
  const auto bytes = [](std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// Fields that HTTP/2 does not have, or that the framing says (RFC 9113 section 8.2.2).
inline bool StaysBehind(const Field& field) {
  switch (field.id) {
    case FieldId::kConnection:
    case FieldId::kContentLength:
    case FieldId::kHost:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    default:
      return false;
  }
}

inline void AppendFields(const Fields& fields, NvList& out) {
  for (const Field& field : fields) {
    if (!StaysBehind(field)) out.push_back(MakeNv(field.name, field.value));
  }
}

// A number in text that lives as long as this does.
class NumberText {
 public:
  explicit NumberText(uint64_t number)
      : size_(static_cast<size_t>(std::to_chars(text_, text_ + sizeof text_, number).ptr - text_)) {
  }
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[20];
  size_t size_;
};

}  // namespace sluice::http

#endif  // SLUICE_PROXY_HTTP_H2_NV_H_
