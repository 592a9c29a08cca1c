#include "tests/support/h2_frames.h"

#include <nghttp2/nghttp2.h>

namespace sluice::test::h2 {
namespace {

// RFC 7541 section 5.1, behind a prefix of `bits` with `first` above it.
std::string Integer(size_t value, unsigned bits, uint8_t first) {
  const size_t most = (1u << bits) - 1;
  std::string out;
  if (value < most) {
    out += static_cast<char>(first | value);
    return out;
  }
  out += static_cast<char>(first | most);
  for (value -= most; value >= 128; value /= 128) out += static_cast<char>(value % 128 + 128);
  out += static_cast<char>(value);
  return out;
}

uint32_t ReadNumber(std::string_view bytes) {
  uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::string Number(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string out = Number(static_cast<uint32_t>(payload.size())).substr(1);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  out += Number(stream);
  out += payload;
  return out;
}

std::string Block(const FieldList& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';  // a literal that is not indexed
    out += Integer(name.size(), 7, 0) + name;
    out += Integer(value.size(), 7, 0) + value;
  }
  return out;
}

std::string Headers(uint32_t stream, const FieldList& fields, bool end_stream) {
  const auto flags = static_cast<uint8_t>(kEndHeaders | (end_stream ? kEndStream : 0));
  return Frame(kHeaders, flags, stream, Block(fields));
}

std::string Get(uint32_t stream, std::string_view path) {
  return Headers(
      stream,
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", std::string(path)}});
}

std::string Post(uint32_t stream, FieldList more) {
  FieldList fields = {
      {":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Headers(stream, fields, false);
}

std::string Data(uint32_t stream, std::string_view bytes, bool end_stream) {
  std::string out;
  do {
    const std::string_view part = bytes.substr(0, 16384);
    bytes.remove_prefix(part.size());
    out += Frame(kData, bytes.empty() && end_stream ? kEndStream : 0, stream, part);
  } while (!bytes.empty());
  return out;
}

std::string Hello() { return std::string(kPreface) + Frame(kSettings, 0, 0); }

std::string Answer::Value(std::string_view name) const {
  for (const auto& [known, value] : fields) {
    if (known == name) return value;
  }
  return "";
}

struct Reader::Inflater {
  Inflater() { nghttp2_hd_inflate_new(&hd); }
  ~Inflater() { nghttp2_hd_inflate_del(hd); }
  nghttp2_hd_inflater* hd = nullptr;
};

Reader::Reader() : inflater_(new Inflater) {}
Reader::~Reader() { delete inflater_; }

void Reader::Feed(std::string_view bytes) {
  buffer_ += bytes;
  while (buffer_.size() >= 9) {
    const size_t size = ReadNumber(std::string(1, '\0') + buffer_.substr(0, 3));
    if (buffer_.size() < 9 + size) return;
    Take(static_cast<uint8_t>(buffer_[3]), static_cast<uint8_t>(buffer_[4]),
         ReadNumber(std::string_view(buffer_).substr(5)),
         std::string_view(buffer_).substr(9, size));
    buffer_.erase(0, 9 + size);
  }
}

void Reader::Take(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  switch (type) {
    case kData: {
      Answer& answer = answers[stream];
      answer.body += payload;
      answer.ended = answer.ended || (flags & kEndStream) != 0;
      order.push_back(stream);
      return;
    }
    case kHeaders:
      block_.clear();
      block_ends_ = (flags & kEndStream) != 0;
      [[fallthrough]];
    case kContinuation: {
      block_ += payload;
      if ((flags & kEndHeaders) == 0) return;
      FieldList fields;
      const auto* at = reinterpret_cast<const uint8_t*>(block_.data());
      size_t left = block_.size();
      for (int done = 0; (done & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
        nghttp2_nv nv;
        done = 0;
        const ssize_t used = nghttp2_hd_inflate_hd2(inflater_->hd, &nv, &done, at, left, 1);
        if (used < 0) {
          broken = true;
          return;
        }
        at += used;
        left -= static_cast<size_t>(used);
        if ((done & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
        fields.emplace_back(std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                            std::string(reinterpret_cast<char*>(nv.value), nv.valuelen));
      }
      nghttp2_hd_inflate_end_headers(inflater_->hd);
      Answer& answer = answers[stream];
      if (answer.status != 0) {
        answer.trailers = fields;
      } else if (!fields.empty() && fields[0].first == ":status") {
        const int status = std::stoi(fields[0].second);
        if (status < 200) {
          answer.interims.push_back(status);
        } else {
          answer.status = status;
          answer.fields = fields;
        }
      } else {
        broken = true;
      }
      answer.ended = answer.ended || block_ends_;
      return;
    }
    case kReset:
      answers[stream].reset = true;
      answers[stream].error = ReadNumber(payload);
      return;
    case kSettings:
      if ((flags & kAck) == 0) ++settings;
      return;
    case kPing:
      if ((flags & kAck) != 0) ++pings;
      return;
    case kGoaway:
      goaway = true;
      goaway_last = ReadNumber(payload);
      goaway_error = ReadNumber(payload.substr(4));
      return;
    case kWindow:
      (stream == 0 ? window : stream_window[stream]) += ReadNumber(payload);
      return;
    default:
      return;
  }
}

}  // namespace sluice::test::h2
