#include "proxy/http/h1_parse.h"

#include <llhttp.h>

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/http/chars.h"
#include "proxy/http/rules.h"

namespace sluice::http {
namespace {

// Room for the fields that a proxy adds (X-Forwarded-*, Via, ...), so that the list never moves.
constexpr uint32_t kFieldsToCome = 8;

constexpr std::string_view kHttp11 = "HTTP/1.1";
constexpr std::string_view kHttp10 = "HTTP/1.0";

// Where llhttp's callbacks put what they are told.
struct Sink {
  Fields& fields;
  std::string_view url;
};

Sink& SinkOf(llhttp_t* parser) { return *static_cast<Sink*>(parser->data); }

int OnUrl(llhttp_t* parser, const char* at, size_t size) {
  Sink& sink = SinkOf(parser);
  if (!sink.url.empty()) return HPE_USER;
  sink.url = {at, size};
  return 0;
}

// The whole head is fed at once, so a name comes in one piece, and what follows it must be the
// colon. llhttp forgives an empty name, and without its strict mode a space in one.
int OnFieldName(llhttp_t* parser, const char* at, size_t size) {
  const std::string_view name(at, size);
  if (at[size] != ':' || !IsToken(name)) return HPE_USER;
  SinkOf(parser).fields.Add({name, {}, IdOf(name)});
  return 0;
}

int OnFieldValue(llhttp_t* parser, const char* at, size_t size) {
  Fields& fields = SinkOf(parser).fields;
  if (fields.empty()) return HPE_USER;
  Field& field = fields.end()[-1];
  if (!field.value.empty()) return HPE_USER;
  field.value = TrimSpace({at, size});
  return 0;
}

int OnHeadComplete(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t kSettings = [] {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = OnUrl;
  settings.on_header_field = OnFieldName;
  settings.on_header_value = OnFieldValue;
  settings.on_headers_complete = OnHeadComplete;
  return settings;
}();

// HPE_PAUSED is success: the end of the head, and no byte beyond.
llhttp_errno_t Execute(llhttp_type_t type, std::string_view raw, Sink& sink) {
  llhttp_t parser;
  llhttp_init(&parser, type, &kSettings);
  parser.data = &sink;
  return llhttp_execute(&parser, raw.data(), raw.size());
}

std::string_view FieldReason(llhttp_errno_t error) {
  switch (error) {
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return "Content-Length is repeated or stands beside Transfer-Encoding";
    case HPE_INVALID_CONTENT_LENGTH:
      return "Content-Length is not a number";
    case HPE_INVALID_TRANSFER_ENCODING:
      return "Transfer-Encoding is not exactly chunked";
    case HPE_INVALID_URL:
      return "the request target is malformed";
    case HPE_INVALID_HEADER_TOKEN:
    case HPE_UNEXPECTED_SPACE:
    case HPE_USER:
      return "a field has no proper name, or a byte in it that may not be there";
    default:
      return "the head is malformed";
  }
}

// "HTTP/" DIGIT "." DIGIT at the end of a request line, behind a space.
bool EndsInVersion(std::string_view line) {
  if (line.size() < 9) return false;
  const std::string_view end = line.substr(line.size() - 9);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return end.starts_with(" HTTP/") && digit(end[6]) && end[7] == '.' && digit(end[8]);
}

Refusal RequestLineError(llhttp_errno_t error, std::string_view line, std::string_view method) {
  switch (error) {
    case HPE_INVALID_VERSION:
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:
      break;
    default:
      return {400, FieldReason(error)};
  }
  if (std::count(line.begin(), line.end(), ' ') != 2 || !EndsInVersion(line) || !IsToken(method)) {
    return {400, "the request line is malformed"};
  }
  if (error == HPE_INVALID_VERSION) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {501, "the method is not known here"};
}

std::optional<Refusal> SettleRequestLine(std::string_view line, RequestHead& head) {
  const size_t expected = head.method_text.size() + 1 + head.target.size() + 1 + kHttp11.size();
  if (!EndsInVersion(line)) return Refusal{400, "the request line is malformed"};
  const std::string_view version = line.substr(line.size() - kHttp11.size());
  if (version != kHttp11 && version != kHttp10) {
    return Refusal{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  head.version = version == kHttp11 ? Version::kHttp11 : Version::kHttp10;
  if (line.size() != expected) {
    return Refusal{400, "the request line has more than one space between its parts"};
  }
  return std::nullopt;
}

}  // namespace

Method MethodOf(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::kGet;
      return text == "PUT" ? Method::kPut : Method::kOther;
    case 4:
      if (text == "POST") return Method::kPost;
      return text == "HEAD" ? Method::kHead : Method::kOther;
    case 5:
      if (text == "PATCH") return Method::kPatch;
      return text == "TRACE" ? Method::kTrace : Method::kOther;
    case 6:
      return text == "DELETE" ? Method::kDelete : Method::kOther;
    case 7:
      if (text == "OPTIONS") return Method::kOptions;
      return text == "CONNECT" ? Method::kConnect : Method::kOther;
    default:
      return Method::kOther;
  }
}

bool IsKnownMethod(std::string_view text) {
#define SLUICE_METHOD_NAME(number, name, string) #string,
  static constexpr std::string_view kKnown[] = {HTTP_METHOD_MAP(SLUICE_METHOD_NAME)};
#undef SLUICE_METHOD_NAME
  return std::find(std::begin(kKnown), std::end(kKnown), text) != std::end(kKnown);
}

std::optional<Refusal> ParseRequest(std::string_view raw, const HeadScan& scan, RequestHead& head) {
  const std::string_view line = raw.substr(0, scan.first_line());
  head.method_text = line.substr(0, line.find(' '));
  head.method = MethodOf(head.method_text);
  if (line == "PRI * HTTP/2.0") {
    return Refusal{505, "HTTP/2 begins at the first byte of a connection"};
  }
  if (head.method == Method::kConnect) return Refusal{405, "this server opens no tunnels"};
  head.fields.Reserve(scan.fields() + kFieldsToCome);
  Sink sink{head.fields, {}};
  const llhttp_errno_t rc = Execute(HTTP_REQUEST, raw, sink);
  if (rc != HPE_PAUSED) return RequestLineError(rc, line, head.method_text);
  head.target = sink.url;
  if (auto refusal = SettleRequestLine(line, head)) return refusal;
  // One line, one field: anything else means that llhttp and the scan disagree about the lines.
  if (head.fields.size() != scan.fields()) return Refusal{400, FieldReason(HPE_USER)};
  return std::nullopt;
}

std::optional<Refusal> ParseResponse(std::string_view raw, const HeadScan& scan,
                                     ResponseHead& head) {
  const std::string_view line = raw.substr(0, scan.first_line());
  const auto digit = [line](size_t at) { return line[at] >= '0' && line[at] <= '9'; };
  if (line.size() < 12 || line[8] != ' ' || !digit(9) || !digit(10) || !digit(11) ||
      (line.size() > 12 && line[12] != ' ')) {
    return Refusal{400, "the status line is malformed"};
  }
  const std::string_view version = line.substr(0, 8);
  if (version != kHttp11 && version != kHttp10) {
    return Refusal{400, "the answer is not HTTP/1.0 or HTTP/1.1"};
  }
  head.version = version == kHttp11 ? Version::kHttp11 : Version::kHttp10;
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (line.size() > 13) head.reason = line.substr(13);
  head.fields.Reserve(scan.fields() + kFieldsToCome);
  Sink sink{head.fields, {}};
  const llhttp_errno_t rc = Execute(HTTP_RESPONSE, raw, sink);
  if (rc != HPE_PAUSED || head.fields.size() != scan.fields()) {
    return Refusal{400, FieldReason(rc)};
  }
  return std::nullopt;
}

std::optional<Refusal> ParseTrailers(std::string_view raw, Fields& trailers) {
  // The scan has made sure that every CR and LF here is a whole line end.
  for (size_t end; (end = raw.find('\r')) != 0; raw.remove_prefix(end + 2)) {
    const std::string_view line = raw.substr(0, end);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
      return Refusal{400, "a trailer field has no proper name"};
    }
    const std::string_view name = line.substr(0, colon);
    const Field field{name, TrimSpace(line.substr(colon + 1)), IdOf(name)};
    if (AllowedInTrailer(field)) trailers.Add(field);
  }
  return std::nullopt;
}

}  // namespace sluice::http
