#include "proxy/admission/waiting_markup.h"

namespace sluice::admission {

// The empty icon keeps browsers from asking the shop for one.
const std::string_view kBuiltInPage = R"(<!doctype html>
<html lang="{{lang}}" dir="{{dir}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{{title}}</title>
{{refresh}}
{{style}}
</head>
<body>
<main>
<div class="bar" aria-hidden="true"></div>
<h1 data-wr="title">{{title}}</h1>
<p data-wr="text">{{text}}</p>
<p class="message" data-wr="message" data-if="message" {{hidden:message}}>{{message}}</p>
<dl>
<div data-if="start_text" {{hidden:start_text}}><dt>{{start_label}}</dt><dd><time data-wr="start_text" datetime="{{event_start}}">{{start_text}}</time></dd></div>
<div data-if="countdown" hidden><dt>{{countdown_label}}</dt><dd class="number" role="timer" data-wr="countdown"></dd></div>
<div data-if="eta_text" {{hidden:eta_text}}><dt>{{wait_label}}</dt><dd data-wr="eta_text">{{eta_text}}</dd></div>
<div data-if="place_text" {{hidden:place_text}}><dt>{{place_label}}</dt><dd class="number" data-wr="place_text">{{place_text}}</dd><dd class="note" data-wr="ahead_text">{{ahead_text}}</dd></div>
</dl>
<p class="aloud" role="status" aria-live="polite"></p>
</main>
{{script}}
</body>
</html>
)";

const std::string_view kStyleTag = R"(<style>
:root{color-scheme:light dark;--back:#eef1f4;--card:#fff;--ink:#1b2530;--soft:#525e6c;--line:#e0e5ea;--mark:#20708f;--tint:#e9f3f7}
@media(prefers-color-scheme:dark){:root{--back:#11161b;--card:#1a2128;--ink:#e9eef2;--soft:#a6b1bd;--line:#2d3741;--mark:#6cb8d6;--tint:#1d303a}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;min-height:100vh;display:flex;padding:1rem;background:var(--back);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
main{width:100%;max-width:30rem;margin:auto;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:clamp(1.25rem,6vw,2.5rem);overflow:hidden;position:relative}
h1{margin:0 0 .75rem;font-size:clamp(1.5rem,6vw,1.9rem);line-height:1.2;font-weight:650}
p{margin:0 0 1rem;color:var(--soft)}
.message{color:var(--ink);background:var(--tint);border-inline-start:.25rem solid var(--mark);border-radius:.35rem;padding:.75rem 1rem;white-space:pre-line}
dl{margin:1.5rem 0 0}
dl>div{border-top:1px solid var(--line);padding:1rem 0 .85rem}
dl>div:last-child{padding-bottom:0}
dt,.note{color:var(--soft);font-size:.925rem}
dd{margin:0;font-size:1.3rem;line-height:1.4;font-weight:600}
dd.number{font-size:2.1rem;line-height:1.25;color:var(--mark);font-variant-numeric:tabular-nums}
dd.note{font-size:.925rem;font-weight:400}
.aloud{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.bar{position:absolute;inset:0 0 auto;height:4px;background:var(--tint);overflow:hidden}
.bar::after{content:"";position:absolute;inset:0;width:35%;background:var(--mark);border-radius:2px;animation:go 4s ease-in-out infinite alternate}
@keyframes go{from{left:0}to{left:65%}}
@media(prefers-reduced-motion:reduce){.bar::after{animation:none}}
</style>)";

const std::string_view kRefreshTag =
    R"(<noscript><meta http-equiv="refresh" content="{{poll_s}}"></noscript>)";

const std::string_view kScriptTag =
    R"(<script data-url="{{status_url}}" data-poll="{{poll_s}}" data-state="{{state}}" data-start="{{event_start}}" data-starts-in="{{starts_in_s}}">
(() => {
const me = document.currentScript.dataset;
const each = (what, f) => document.querySelectorAll(what).forEach(f);
let poll = +me.poll || 10, state = me.state, start = me.start, zero = 0, fails = 0;
let said = '', saidAt = Date.now();
const count = () => {
  const s = Math.max(0, Math.ceil((zero - Date.now()) / 1000));
  const two = n => String(n).padStart(2, '0');
  const tail = two(s / 60 % 60 | 0) + ':' + two(s % 60);
  return s < 3600 ? tail : (s / 3600 | 0) + ':' + tail;
};
const begin = (at, left) => {
  start = at;
  zero = at ? Date.now() + left * 1000 : 0;
  return zero ? count() : '';
};
const local = () => {
  try {
    return new Date(start).toLocaleString(document.documentElement.lang, {weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit', timeZoneName: 'short'});
  } catch (e) {}
};
const put = v => {
  for (const k in v) each(`[data-wr=${k}]`, e => { e.textContent = v[k] ?? ''; });
  each('[data-if]', e => { const k = e.dataset.if; if (k in v) e.hidden = !v[k]; });
};
const aloud = v => {
  const text = v.eta_text ? v.title + '. ' + v.eta_text : v.title;
  if (text == said || v.state == state && Date.now() - saidAt < 60000) return;
  said = text;
  saidAt = Date.now();
  each('[role=status]', e => { e.textContent = text; });
};
const show = v => {
  v.countdown = begin(v.event_start, v.starts_in_s);
  if (start) v.start_text = local() || v.start_text;
  put(v);
  document.title = v.place_text ? '(' + v.place_text + ') ' + v.title : v.title;
  aloud(v);
  state = v.state;
  poll = v.poll_s;
};
const ask = async () => {
  const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 20000);
  try {
    const r = await fetch(me.url, {headers: {Accept: 'application/json'}, cache: 'no-store', signal: stop.signal});
    const json = /json/.test(r.headers.get('content-type'));
    if (r.status == 404 || r.ok && !json) return location.reload();
    const v = await r.json();
    if (v.state == 'enter') return location.reload();
    if (!v.title && r.ok) return location.reload();
    if (!v.title) throw v;
    show(v);
    fails = 0;
  } catch (e) {
    fails++;
  } finally {
    clearTimeout(timer);
  }
  later();
};
const later = () => setTimeout(ask, Math.min(poll * 2 ** fails, Math.max(poll, 120)) * (1000 + 200 * Math.random()));
if (start) put({countdown: begin(start, +me.startsIn), start_text: local() || undefined});
setInterval(() => { if (zero) each('[data-wr=countdown]', e => { e.textContent = count(); }); }, 1000);
later();
})();
</script>)";

}  // namespace sluice::admission
