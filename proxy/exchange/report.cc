#include "proxy/exchange/report.h"

#include <chrono>

#include "proxy/base/log.h"

namespace sluice::exchange {
namespace {

std::string_view VersionText(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2";
  }
  return "";
}

}  // namespace

void DescribeRequest(const http::RequestHead& head, observe::ExchangeRecord& record) {
  record.method = head.method_text;
  record.host = head.host;
  record.target = head.target;
  record.protocol = VersionText(head.version);
  record.referer = head.fields.Value(http::FieldId::kReferer);
  record.user_agent = head.fields.Value(http::FieldId::kUserAgent);
}

void ReportFailedTry(const upstream::Server& server, const Failure& why, bool another_try,
                     const observe::ExchangeRecord& record) {
  static log::Site site;
  log::Warn(site, "pool %s: %s: %s: %s (request %s, try %d%s)", server.pool, server.label,
            CauseName(why.cause), why.why, record.request_id, record.tries,
            another_try ? ", another follows" : "");
}

void ReportRest(const upstream::Server& server, Duration rest, const Failure& evidence) {
  log::Warn(log::kUnlimited, "pool %s: %s rests for %d ms after failures in a row, the last: %s",
            server.pool, server.label,
            std::chrono::duration_cast<std::chrono::milliseconds>(rest).count(), evidence.why);
}

void ReportRecovery(const upstream::Server& server) {
  log::Info(log::kUnlimited, "pool %s: %s answers again", server.pool, server.label);
}

void ReportQueue(std::string_view pool) {
  static log::Site site;
  log::Warn(site, "pool %s: all its servers are full; requests wait for room", pool);
}

}  // namespace sluice::exchange
