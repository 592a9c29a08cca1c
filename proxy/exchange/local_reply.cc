#include "proxy/exchange/local_reply.h"

#include <algorithm>

#include "proxy/base/check.h"
#include "proxy/http/accept.h"
#include "proxy/http/escape.h"

namespace sluice::exchange {
namespace {

constexpr std::string_view kHtmlPage =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<title>{status} {reason}</title><style>body{font:1.1em/1.5 sans-serif;max-width:34em;"
    "margin:15vh auto;padding:0 1em}</style></head>\n"
    "<body><h1>{reason}</h1><p>{why}</p><p><small>{status} "
    "{request_id}</small></p></body></html>\n";

constexpr std::string_view kJsonPage =
    "{\"status\":{status},\"reason\":\"{reason}\",\"why\":\"{why}\","
    "\"request_id\":\"{request_id}\"}\n";

constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kAllowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// For people who did not write the request.
std::string_view PlainSentence(int status) {
  switch (status) {
    case 400:
      return "The request could not be understood.";
    case 404:
      return "There is nothing at this address.";
    case 405:
      return "This method is not served here.";
    case 408:
      return "The request took too long to arrive.";
    case 413:
      return "The request is larger than what is accepted here.";
    case 414:
      return "The address asked for is too long.";
    case 417:
      return "The expectation named in the request cannot be met.";
    case 421:
      return "This host is not served here.";
    case 429:
      return "Too many requests; please try again a little later.";
    case 431:
      return "The header fields of the request are too large.";
    case 501:
      return "The request asks for something that is not supported.";
    case 502:
      return "The server behind this site gave no usable answer.";
    case 503:
      return "The site cannot answer right now; please try again a little later.";
    case 504:
      return "The server behind this site did not answer in time.";
    default:
      return "The request could not be served.";
  }
}

LocalReply Reply(const http::RequestHead& request, int status, std::string_view date) {
  LocalReply reply{http::ResponseHead(request.fields.arena()), {}};
  reply.head.status = status;
  reply.head.reason = http::ReasonOf(status);
  reply.head.fields.Add("Server", "sluice");
  if (!date.empty()) reply.head.fields.Add("Date", date);
  return reply;
}

void SetBody(LocalReply& reply, const http::RequestHead& request, std::string_view type,
             std::string_view body) {
  const bool bodiless = reply.head.status == 204 || reply.head.status == 304;
  if (bodiless) return;
  if (!type.empty()) reply.head.fields.Add("Content-Type", type);
  http::Framing& framing = reply.head.framing;
  framing.length = body.size();
  if (request.method == http::Method::kHead) {
    framing.stated = true;
  } else {
    framing.kind = http::Framing::Kind::kLength;
    reply.body = body;
  }
}

// An id goes into a header only if nothing in it could end the field.
bool FitForHeader(std::string_view id) {
  return !id.empty() &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// A path of its own beginning with two slashes would name another host (RFC 3986 section 4.2), so
// unless the template itself begins so, one slash is left.
std::string_view OneSlash(std::string_view location, std::string_view to) {
  if (to.starts_with("//")) return location;
  while (location.starts_with("//")) location.remove_prefix(1);
  return location;
}

}  // namespace

Answers::Answers(const std::vector<conf::Answer>& answers) {
  for (const conf::Answer& answer : answers) {
    if (!answer.html.empty()) html_.push_back({answer.status, route::Template(answer.html)});
    if (!answer.json.empty()) json_.push_back({answer.status, route::Template(answer.json)});
  }
  html_.push_back({0, route::Template(kHtmlPage)});
  json_.push_back({0, route::Template(kJsonPage)});
}

const route::Template& Answers::Find(const std::vector<Page>& pages, int status) {
  const auto own = std::find_if(pages.begin(), pages.end() - 1,
                                [status](const Page& page) { return page.status == status; });
  return own->text;
}

const route::Template& Answers::Html(int status) const { return Find(html_, status); }
const route::Template& Answers::Json(int status) const { return Find(json_, status); }

LocalReply MakeError(const http::RequestHead& request, const Problem& problem,
                     const Answers& answers) {
  Arena& arena = request.fields.arena();
  LocalReply reply = Reply(request, problem.status, problem.date);
  http::Fields& fields = reply.head.fields;
  fields.Add("Cache-Control", "no-store");
  fields.Add("X-Content-Type-Options", "nosniff");
  if (FitForHeader(problem.request_id)) {
    fields.Add("X-Request-Id", arena.Copy(problem.request_id));
  }
  if (problem.status == 405) fields.Add("Allow", kAllowed);
  if (problem.retry_after) {
    const auto seconds = std::max<int64_t>(problem.retry_after->count(), 0);
    fields.Add("Retry-After", arena.Decimal(static_cast<uint64_t>(seconds)));
  }

  route::TemplateValues values;
  values.status = arena.Decimal(static_cast<uint64_t>(problem.status));
  values.reason = reply.head.reason;
  values.why = problem.why.empty() ? PlainSentence(problem.status) : problem.why;
  values.request_id = problem.request_id;
  const bool json = http::PrefersJson(request.fields.Joined(http::FieldId::kAccept));
  const std::string_view body =
      json ? answers.Json(problem.status).Expand(values, http::EscapeJson, arena)
           : answers.Html(problem.status).Expand(values, http::EscapeHtml, arena);
  fields.Add("Vary", "Accept");
  SetBody(reply, request, json ? "application/json" : kHtmlType, body);
  return reply;
}

LocalReply MakeRedirect(const http::RequestHead& request, const ForwardContext& context,
                        std::string_view date, const Answers& answers) {
  SLUICE_CHECK(context.route.conf.redirect.has_value());
  Arena& arena = request.fields.arena();
  const conf::Redirect& redirect = *context.route.conf.redirect;
  const route::Template& to = context.route.redirect;
  route::TemplateValues values = ValuesOf(request, context);
  if (values.host.empty() && to.uses(&route::TemplateValues::host)) {
    return MakeError(request,
                     {.status = 400,
                      .why = "The request names no host.",
                      .request_id = context.request_id,
                      .date = date,
                      .retry_after = std::nullopt},
                     answers);
  }
  if (!values.path.starts_with('/')) values.path = "/";  // of OPTIONS *
  const std::string_view location =
      OneSlash(to.Expand(values, http::EscapeLocation, arena), redirect.to);

  LocalReply reply = Reply(request, redirect.status, date);
  reply.head.fields.Add("Location", location);
  const std::string_view link = http::EscapeHtml(location, arena);
  SetBody(reply, request, kHtmlType,
          arena.Concat({"<!doctype html>\n<title>", reply.head.reason, "</title><a href=\"", link,
                        "\">", link, "</a>\n"}));
  EditResponse(reply.head, request, context);
  return reply;
}

LocalReply MakeFixed(const http::RequestHead& request, const ForwardContext& context,
                     std::string_view date) {
  SLUICE_CHECK(context.route.conf.respond.has_value());
  const conf::Respond& respond = *context.route.conf.respond;
  LocalReply reply = Reply(request, respond.status, date);
  SetBody(reply, request, respond.content_type, respond.body);
  EditResponse(reply.head, request, context);
  return reply;
}

LocalReply MakeWaiting(const http::RequestHead& request, const admission::WaitingPage& page,
                       const admission::WaitingView& view, WaitingForm form,
                       std::string_view date) {
  Arena& arena = request.fields.arena();
  const http::Field* const languages = request.fields.Find("Accept-Language");
  const std::string_view accepted = languages == nullptr ? std::string_view() : languages->value;
  LocalReply reply = Reply(request, form.status, date);
  http::Fields& fields = reply.head.fields;
  fields.Add("Cache-Control", "no-store");
  fields.Add("Retry-After", arena.Decimal(static_cast<uint64_t>(view.poll.count())));
  fields.Add("Content-Language", page.LanguageFor(accepted));
  if (!form.page) {
    SetBody(reply, request, "application/json", page.Json(view, accepted, arena));
    return reply;
  }
  if (!page.content_security_policy().empty()) {
    fields.Add("Content-Security-Policy", page.content_security_policy());
  }
  SetBody(reply, request, kHtmlType, page.Html(view, accepted, arena));
  return reply;
}

LocalReply MakeOptions(const http::RequestHead& request, std::string_view date) {
  LocalReply reply = Reply(request, 200, date);
  reply.head.fields.Add("Allow", kAllowed);
  reply.head.framing = {.kind = http::Framing::Kind::kLength, .length = 0};
  return reply;
}

std::optional<http::Refusal> RefusedMethod(http::Method method) {
  if (method != http::Method::kTrace && method != http::Method::kConnect) return std::nullopt;
  return http::Refusal{.status = 405, .why = "This method is not served here."};
}

}  // namespace sluice::exchange
