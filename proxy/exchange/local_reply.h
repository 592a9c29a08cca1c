// Answers of our own: errors, redirects and fixed responses, as a head and a whole body. Errors
// come as short HTML, or as JSON when Accept prefers it, with the status, a plain sentence and the
// request id; the operator may give a page of his own per status. Values are escaped for the format
// they go into, so that nothing a client sends can become markup or a header.
//
// To HEAD the body is left out and the head is the one GET would get. Errors are never cached.
// TRACE and CONNECT are refused with 405 (RefusedMethod): the one would echo cookies to scripts,
// the other would make an open relay of a reverse proxy.
//
// Threads: one worker's. Ownership: everything lives in the arena of the request's fields, or in
// the Answers and Route given, which the exchange's view keeps alive. No allocation but in the
// arena. Sources: RFC 9110 sections 9.3.8, 10.2.2 (Location), 10.2.3 (Retry-After).
#ifndef SLUICE_PROXY_EXCHANGE_LOCAL_REPLY_H_
#define SLUICE_PROXY_EXCHANGE_LOCAL_REPLY_H_

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "proxy/admission/waiting_page.h"
#include "proxy/admission/waiting_view.h"
#include "proxy/exchange/forward_head.h"
#include "proxy/http/message.h"
#include "proxy/route/template.h"

namespace sluice::exchange {

struct LocalReply {
  http::ResponseHead head;  // to HEAD: framing kNone, with the length GET would get `stated`
  std::string_view body;    // empty for HEAD, 204 and 304
};

// The pages errors are told with: the operator's (conf::Config::answers) where there is one for the
// status and format, else ours. Threads: any, once made.
class Answers {
 public:
  Answers() : Answers(std::vector<conf::Answer>()) {}
  explicit Answers(const std::vector<conf::Answer>& answers);

  const route::Template& Html(int status) const;
  const route::Template& Json(int status) const;

 private:
  struct Page {
    int status;
    route::Template text;
  };
  static const route::Template& Find(const std::vector<Page>& pages, int status);
  std::vector<Page> html_;  // a handful; the last one is ours, for any status
  std::vector<Page> json_;
};

// What to say. The views are read during the call only, but `date`, which goes into the head.
struct Problem {
  int status = 500;
  std::string_view why;  // one sentence for people; empty: a plain one for the status
  std::string_view request_id;
  std::string_view date;  // FormatHttpDate(); empty: none is sent
  std::optional<std::chrono::seconds> retry_after;
};

// `request` may be half filled (a refused head): only method and Accept are read, and its arena
// is used. 405 carries Allow.
LocalReply MakeError(const http::RequestHead& request, const Problem& problem,
                     const Answers& answers);

// Of route.conf.redirect, with the route's response edits. Location cannot leave the site by way of
// the path ("//evil.example" and its relatives), and carries no byte that is not printable. A
// template that needs {host} and a request that names none make a 400.
// REQUIRES: context.route.conf.redirect.
LocalReply MakeRedirect(const http::RequestHead& request, const ForwardContext& context,
                        std::string_view date, const Answers& answers);

// Of route.conf.respond, with the route's response edits. REQUIRES: context.route.conf.respond.
LocalReply MakeFixed(const http::RequestHead& request, const ForwardContext& context,
                     std::string_view date);

// What a waiting room says to who has to wait: its page, or its JSON.
struct WaitingForm {
  int status = 200;
  bool page = true;
};
LocalReply MakeWaiting(const http::RequestHead& request, const admission::WaitingPage& page,
                       const admission::WaitingView& view, WaitingForm form, std::string_view date);

// For an OPTIONS that may travel no further (forward_head.h, EndsHere).
LocalReply MakeOptions(const http::RequestHead& request, std::string_view date);

// The 405 for methods that sluice serves to nobody.
std::optional<http::Refusal> RefusedMethod(http::Method method);

}  // namespace sluice::exchange

#endif  // SLUICE_PROXY_EXCHANGE_LOCAL_REPLY_H_
