#include "proxy/observe/access_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

// 2026-11-27T09:00:00.123Z
constexpr WallTime kNine{1795770000123ms};

ExchangeRecord Sale() {
  return {.started = kNine,
          .client_ip = *Ip::Parse("203.0.113.9"),
          .listener = "[::]:443",
          .method = "GET",
          .host = "shop.example",
          .target = "/checkout?step=2",
          .protocol = "HTTP/1.1",
          .referer = "https://shop.example/cart",
          .user_agent = "Mozilla/5.0",
          .request_id = "7f3a",
          .route = "checkout",
          .pool = "web",
          .server = "10.0.0.11:8000",
          .status = 200,
          .server_status = 200,
          .request_bytes = 0,
          .response_bytes = 5120,
          .tries = 1,
          .queue_wait = 1500us,
          .queue_position = 3,
          .connect = 250us,
          .first_byte = 41'007us,
          .transfer = 999ns,
          .total = 43s + 7ms,
          .why = {}};
}

std::string Line(std::string_view format, const ExchangeRecord& record) {
  const absl::StatusOr<LogFormat> parsed = LogFormat::Parse(format);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  std::string line;
  if (parsed.ok()) parsed->Append(record, line);
  EXPECT_LE(line.size(), LogFormat::kMaxLine);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_TRUE(line.ends_with('\n'));
  if (!line.empty()) line.pop_back();
  return line;
}

TEST(AccessLog, JsonSaysEverythingInOneFixedOrder) {
  EXPECT_EQ(
      Line("json", Sale()),
      R"({"time":"2026-11-27T09:00:00.123Z","client_ip":"203.0.113.9","listener":"[::]:443",)"
      R"("method":"GET","host":"shop.example","target":"/checkout?step=2","protocol":"HTTP/1.1",)"
      R"("status":200,"server_status":200,"request_bytes":0,"response_bytes":5120,)"
      R"("referer":"https://shop.example/cart","user_agent":"Mozilla/5.0","request_id":"7f3a",)"
      R"("tls_version":"","tls_cipher":"","tls_server_name":"","ja4":"","client_subject":"",)"
      R"("route":"checkout","limit":"","room":"","pool":"web","server":"10.0.0.11:8000","tries":1,)"
      R"("body_wait_ms":0.000,"limit_wait_ms":0.000,"queue_wait_ms":1.500,"queue_position":3,"connect_ms":0.250,"first_byte_ms":41.007,)"
      R"("transfer_ms":0.000,"total_ms":43007.000,"end":"ok","side":"sluice","why":""})");
}

TEST(AccessLog, SaysWhatIsKnownOfTheClientsTls) {
  const TlsPeer tls{.version = "TLSv1.3",
                    .cipher = "TLS_AES_128_GCM_SHA256",
                    .server_name = "shop.example",
                    .ja4 = "t13d1516h2_8daaf6152771_b186095e22b6",
                    .verified = true,
                    .subject = "CN=\"alice\"",
                    .rejected = {}};
  ExchangeRecord record = Sale();
  record.tls = &tls;
  EXPECT_NE(Line("json", record)
                .find(R"("tls_version":"TLSv1.3","tls_cipher":"TLS_AES_128_GCM_SHA256",)"
                      R"("tls_server_name":"shop.example",)"
                      R"("ja4":"t13d1516h2_8daaf6152771_b186095e22b6",)"
                      R"("client_subject":"CN=\"alice\"",)"),
            std::string::npos);
  EXPECT_EQ(Line("{tls_version} {ja4}", Sale()), "- -");
}

TEST(AccessLog, JsonSaysWhoseDoingTheEndWas) {
  ExchangeRecord record = Sale();
  record.side = Side::kUpstream;
  record.end = Cause::kHeadTimeout;
  record.why = "no answer in 30s";
  EXPECT_TRUE(Line("json", record)
                  .ends_with(R"("end":"head_timeout","side":"server","why":"no answer in 30s"})"));
}

TEST(AccessLog, CombinedIsWhatNginxWrites) {
  EXPECT_EQ(Line("combined", Sale()),
            "203.0.113.9 - - [27/Nov/2026:09:00:00 +0000] \"GET /checkout?step=2 HTTP/1.1\" 200 "
            "5120 \"https://shop.example/cart\" \"Mozilla/5.0\"");
}

TEST(AccessLog, CombinedHasADashForWhatIsMissing) {
  ExchangeRecord record = Sale();
  record.referer = record.user_agent = "";
  EXPECT_TRUE(Line("combined", record).ends_with(R"( "-" "-")"));
}

TEST(AccessLog, AClientCannotForgeALineOrAField) {
  ExchangeRecord record = Sale();
  record.user_agent = "x\"\n203.0.113.10 - - [now] \"GET /admin";
  EXPECT_TRUE(
      Line("combined", record).ends_with(R"("x\x22\x0a203.0.113.10 - - [now] \x22GET /admin")"));
  EXPECT_NE(Line("json", record).find(R"("x\"\u000a203.0.113.10 - - [now] \"GET /admin")"),
            std::string::npos);
}

TEST(AccessLog, ATextOfOnesOwnHasFieldsBetweenWords) {
  EXPECT_EQ(Line("{{{method}} {client_ip}\t{total_ms} {end}", Sale()),
            "{GET} 203.0.113.9\t43007.000 ok");
  EXPECT_EQ(Line("no field at all", Sale()), "no field at all");
}

TEST(AccessLog, AnUnknownFieldIsAnErrorThatNamesTheNearest) {
  const absl::Status status = LogFormat::Parse("{client_ip} {user_agnet}").status();
  EXPECT_NE(status.ToString().find("'{user_agnet}' is no field; did you mean {user_agent}?"),
            std::string::npos)
      << status;
}

TEST(AccessLog, AFormatThatCannotBeALineIsAnError) {
  EXPECT_FALSE(LogFormat::Parse("{method").ok());
  EXPECT_FALSE(LogFormat::Parse("{}").ok());
  EXPECT_FALSE(LogFormat::Parse("{method}\n{host}").ok());
}

TEST(AccessLog, LongFieldsAreCutAndTheLineStaysJson) {
  ExchangeRecord record = Sale();
  const std::string endless(100'000, '\x01');
  for (std::string_view* field :
       {&record.listener, &record.method, &record.host, &record.target, &record.protocol,
        &record.referer, &record.user_agent, &record.request_id, &record.route, &record.pool,
        &record.server, &record.why}) {
    *field = endless;
  }
  const TlsPeer tls{.version = endless,
                    .cipher = endless,
                    .server_name = endless,
                    .ja4 = endless,
                    .verified = true,
                    .subject = endless,
                    .rejected = {}};
  record.tls = &tls;
  const std::string line = Line("json", record);
  EXPECT_TRUE(line.starts_with(R"({"time":)"));
  EXPECT_TRUE(line.ends_with(R"(\u0001..."})")) << line.substr(line.size() - 50);
}

TEST(AccessLog, ATextThatRepeatsALongFieldIsCutAsAWhole) {
  ExchangeRecord record = Sale();
  const std::string endless(100'000, 'x');
  record.target = endless;
  const std::string line = Line("{target}{target}{target}{target}{target}", record);
  EXPECT_EQ(line.size() + 1, LogFormat::kMaxLine);
  EXPECT_TRUE(line.ends_with("x..."));
}

TEST(AccessLog, AddsToWhatTheBufferHolds) {
  const LogFormat format = *LogFormat::Parse("{status}");
  std::string lines;
  format.Append(Sale(), lines);
  format.Append(Sale(), lines);
  EXPECT_EQ(lines, "200\n200\n");
}

TEST(AccessLog, TheTimeFollowsTheRecordAcrossASecond) {
  ExchangeRecord record = Sale();
  EXPECT_EQ(Line("{time}", record), "2026-11-27T09:00:00.123Z");
  record.started += 877ms;
  EXPECT_EQ(Line("{time}", record), "2026-11-27T09:00:01.000Z");
  EXPECT_EQ(Line("{time_local}", record), "27/Nov/2026:09:00:01 +0000");
  record.started -= 1ms;
  EXPECT_EQ(Line("{time}", record), "2026-11-27T09:00:00.999Z");
}

TEST(AccessLog, KnowsBothKindsOfAddress) {
  ExchangeRecord record = Sale();
  record.client_ip = *Ip::Parse("2001:db8::1");
  EXPECT_EQ(Line("{client_ip}", record), "2001:db8::1");
  record.client_ip = *Ip::Parse("255.0.10.100");
  EXPECT_EQ(Line("{client_ip}", record), "255.0.10.100");
}

}  // namespace
}  // namespace sluice::observe
