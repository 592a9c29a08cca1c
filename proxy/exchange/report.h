// What an exchange says to people: the fields of its record that come from the request, and the
// lines of the operational log about servers that fail, rest and recover.
#ifndef SLUICE_PROXY_EXCHANGE_REPORT_H_
#define SLUICE_PROXY_EXCHANGE_REPORT_H_

#include "proxy/base/failure.h"
#include "proxy/http/message.h"
#include "proxy/observe/record.h"
#include "proxy/upstream/cluster.h"

namespace sluice::exchange {

// Views into the head's arena, taken before the head is changed for the server.
void DescribeRequest(const http::RequestHead& head, observe::ExchangeRecord& record);

// Rate-limited.
void ReportFailedTry(const upstream::Server& server, const Failure& why, bool another_try,
                     const observe::ExchangeRecord& record);
void ReportRest(const upstream::Server& server, Duration rest, const Failure& evidence);
void ReportRecovery(const upstream::Server& server);
// Rate-limited: all servers of the pool are full.
void ReportQueue(std::string_view pool);

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_REPORT_H_
