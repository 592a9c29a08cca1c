#include "proxy/http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/http/h2_nv.h"

namespace sluice::http {
namespace {

// SETTINGS and PING that wait for their answers to leave: a peer that does not read must not make
// us remember more.
constexpr size_t kMaxWaitingAnswers = 128;
// Of one head, beside the frame that it begins in.
constexpr uint32_t kMaxContinuations = 8;

H2Error ErrorOf(int library_error) {
  switch (library_error) {
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_SETTINGS:
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
    case NGHTTP2_ERR_CALLBACK_FAILURE:
      return H2Error::kEnhanceYourCalm;
    case NGHTTP2_ERR_NOMEM:
      return H2Error::kInternal;
    default:
      return H2Error::kProtocol;
  }
}

}  // namespace

struct H2Session::Callbacks {
  static H2Session& Self(void* user) { return *static_cast<H2Session*>(user); }
  static H2Stream* StreamOf(nghttp2_session* session, int32_t id) {
    return id == 0 ? nullptr
                   : static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  // What comes behind a fault is nothing to anybody.
  static bool Listens(const H2Stream* stream) {
    return stream != nullptr && !stream->closed_ && stream->fault_.empty();
  }

  // Frames that are cheap to send and not to take are counted before a byte of them is looked at.
  static int OnBeginFrame(nghttp2_session* session, const nghttp2_frame_hd* hd, void* user) {
    H2Session& self = Self(user);
    if (self.doomed_) return NGHTTP2_ERR_CALLBACK_FAILURE;
    using Kind = H2Budget::Kind;
    const bool ends = (hd->flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool ack = (hd->flags & NGHTTP2_FLAG_ACK) != 0;
    bool within = true;
    switch (hd->type) {
      case NGHTTP2_DATA:
        if (hd->length == 0 && !ends) within = self.Charge(Kind::kEmpty);
        break;
      case NGHTTP2_HEADERS:
        self.inside_head_ = (hd->flags & NGHTTP2_FLAG_END_HEADERS) == 0;
        self.continuations_ = 0;
        if (hd->length == 0) within = self.Charge(Kind::kEmpty);
        break;
      case NGHTTP2_CONTINUATION:
        self.inside_head_ = (hd->flags & NGHTTP2_FLAG_END_HEADERS) == 0;
        within = self.Charge(hd->length == 0 ? Kind::kEmpty : Kind::kOther);
        if (within && ++self.continuations_ > kMaxContinuations) {
          self.Doom(H2Error::kEnhanceYourCalm, "a head is in too many frames");
          within = false;
        }
        break;
      case NGHTTP2_RST_STREAM: {
        const H2Stream* const stream = StreamOf(session, hd->stream_id);
        within = self.Charge(Kind::kReset,
                             H2Budget::Weight(stream != nullptr ? stream->head_bytes_ : 0));
        break;
      }
      case NGHTTP2_SETTINGS:
        if (!ack) within = self.Charge(Kind::kSettings);
        break;
      case NGHTTP2_PING:
        within = self.Charge(Kind::kPing);
        break;
      case NGHTTP2_WINDOW_UPDATE:
        within = self.Charge(Kind::kWindow);
        break;
      case NGHTTP2_GOAWAY:
      default:
        within = self.Charge(Kind::kOther);
        break;
    }
    return within ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    H2Stream* const known = StreamOf(session, frame->hd.stream_id);
    self.current_ = self.OnBlock(frame->hd.stream_id, known, self.reader_);
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    H2Session& self = Self(user);
    if (self.current_ == nullptr) return 0;
    const bool go_on = self.reader_.Add({reinterpret_cast<const char*>(name), name_size},
                                        {reinterpret_cast<const char*>(value), value_size});
    if (go_on) return 0;
    self.Doom(H2Error::kEnhanceYourCalm, "a head is many times larger than allowed");
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  // nghttp2 would leave such a field out and go on.
  static int OnInvalidHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                             const uint8_t*, size_t, uint8_t, void* user) {
    H2Session& self = Self(user);
    if (self.current_ != nullptr) self.reader_.AddMalformed();
    return 0;
  }

  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    H2Stream* const stream = StreamOf(session, frame->hd.stream_id);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      H2Stream* const current = std::exchange(self.current_, nullptr);
      if (current == nullptr || current != stream) return 0;
      if (ends) stream->peer_ended_ = true;
      stream->head_bytes_ += self.reader_.size();
      self.OnBlockEnd(*stream, self.reader_, ends);
    } else if (frame->hd.type == NGHTTP2_DATA && ends && Listens(stream)) {
      stream->peer_ended_ = true;
      stream->OnEnd(nullptr);
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.OnGoAway(frame->goaway.last_stream_id);
    }
    return self.doomed_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int OnInvalidFrame(nghttp2_session* session, const nghttp2_frame* frame, int error,
                            void* user) {
    H2Session& self = Self(user);
    H2Stream* const stream = StreamOf(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (stream->fault_.empty()) stream->fault_ = nghttp2_strerror(error);
    if (self.current_ == stream) {
      self.current_ = nullptr;
      stream->head_bytes_ += self.reader_.size();
      self.OnBlockRefused(*stream, stream->fault_);
    }
    return 0;
  }

  static int OnChunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data,
                     size_t size, void* user) {
    H2Session& self = Self(user);
    if (nghttp2_session_consume_connection(session, size) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
    H2Stream* const stream = StreamOf(session, id);
    if (Listens(stream)) {
      stream->OnBody({reinterpret_cast<const char*>(data), size});
    }
    return self.doomed_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int OnStreamClose(nghttp2_session* session, int32_t id, uint32_t error, void* user) {
    H2Session& self = Self(user);
    H2Stream* const stream = StreamOf(session, id);
    if (stream == nullptr) return 0;
    if (self.current_ == stream) self.current_ = nullptr;
    if (error == 0 && stream->sent_) self.budget_.Earn(H2Budget::Kind::kReset, 1);
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    self.Close(*stream, static_cast<H2Error>(error));
    return 0;
  }

  static ssize_t OnRead(nghttp2_session* session, int32_t id, uint8_t*, size_t most,
                        uint32_t* flags, nghttp2_data_source*, void*) {
    H2Stream* const stream = StreamOf(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const size_t size = std::min(most, stream->out_.size());
    if (size == 0 && !stream->ended_) {
      stream->starved_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->ended_ && size == stream->out_.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (stream->trailers_out_ != nullptr) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        NvList list;
        AppendFields(*stream->trailers_out_, list);
        if (nghttp2_submit_trailer(session, id, list.data(), list.size()) != 0) {
          return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
      }
    }
    return static_cast<ssize_t>(size);
  }

  static int OnSendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                        nghttp2_data_source*, void* user) {
    H2Session& self = Self(user);
    if (self.sink_->size() >= self.sink_most_) return NGHTTP2_ERR_WOULDBLOCK;
    H2Stream* const stream = StreamOf(self.session_, frame->hd.stream_id);
    if (stream == nullptr || stream->out_.size() < size) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    self.sink_->Append(std::string_view(reinterpret_cast<const char*>(head), 9));
    self.Give(*stream, size);
    return 0;
  }

  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& self = Self(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      const uint32_t code = frame->rst_stream.error_code;
      const H2Stream* const reset = StreamOf(self.session_, frame->hd.stream_id);
      const double weight = H2Budget::Weight(reset != nullptr ? reset->head_bytes_ : 0);
      if (self.server_ && code != NGHTTP2_NO_ERROR) {
        (void)self.Charge(H2Budget::Kind::kFault, weight);
      }
      return 0;
    }
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      // The library has found a fault of the whole connection, and has just said so.
      self.farewell_said_ = true;
      self.Doom(static_cast<H2Error>(frame->goaway.error_code), "a rule of HTTP/2 was broken");
      return 0;
    }
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (frame->hd.type == NGHTTP2_DATA) self.budget_.Earn(H2Budget::Kind::kWindow, 4);
    H2Stream* const stream = StreamOf(self.session_, frame->hd.stream_id);
    if (stream == nullptr || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    stream->sent_ = true;
    // The rest of a request whose answer is complete interests nobody (RFC 9113 section 8.1).
    if (self.server_ && !stream->peer_ended_) {
      nghttp2_submit_rst_stream(self.session_, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                NGHTTP2_NO_ERROR);
    }
    stream->OnSent();
    return 0;
  }

  static const nghttp2_session_callbacks* Table() {
    static const nghttp2_session_callbacks* const table = [] {
      nghttp2_session_callbacks* made = nullptr;
      SLUICE_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_begin_frame_callback(made, OnBeginFrame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, OnInvalidHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, OnInvalidFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnChunk);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnStreamClose);
      nghttp2_session_callbacks_set_send_data_callback(made, OnSendData);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, OnFrameSent);
      return made;
    }();
    return table;
  }

  static const nghttp2_option* Options(bool server) {
    static const auto make = [](bool reset_limit) {
      nghttp2_option* made = nullptr;
      SLUICE_CHECK(nghttp2_option_new(&made) == 0);
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_max_outbound_ack(made, kMaxWaitingAnswers);
      // It counts each look at the nine bytes that begin a frame, which may come one by one.
      nghttp2_option_set_max_continuations(made, size_t{9} * (kMaxContinuations + 1));
      // Closed streams are kept for RFC 7540's priority tree only, which is not used.
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
      // Its clock is the wall's; ours is an argument, and our budget is the stricter.
      if (reset_limit) nghttp2_option_set_stream_reset_rate_limit(made, 10'000, 1'000);
      return made;
    };
    static const nghttp2_option* const servers = make(true);
    static const nghttp2_option* const clients = make(false);
    return server ? servers : clients;
  }
};

void H2Stream::Leave() {
  if (H2Session* const session = std::exchange(session_, nullptr)) session->Forget(*this);
}

bool H2Stream::shut() const {
  return session_ != nullptr && !closed_ &&
         nghttp2_session_get_stream_remote_window_size(session_->session_, id_) <= 0;
}

H2Session::H2Session(bool server, const HeadLimits& limits, const H2Options& options)
    : options_(options), reader_(limits), budget_(options.tolerance), server_(server) {
  const int rc = server ? nghttp2_session_server_new2(&session_, Callbacks::Table(), this,
                                                      Callbacks::Options(true))
                        : nghttp2_session_client_new2(&session_, Callbacks::Table(), this,
                                                      Callbacks::Options(false));
  SLUICE_CHECK(rc == 0);
  std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes},
      server ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams}
             : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      // RFC 9218: priorities come in the priority field and in PRIORITY_UPDATE.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  SLUICE_CHECK(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  SLUICE_CHECK(
      nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                            static_cast<int32_t>(options.connection_window)) == 0);
}

H2Session::~H2Session() { nghttp2_session_del(session_); }

bool H2Session::Feed(std::string_view bytes, TimePoint now) {
  now_ = now;
  if (doomed_) return false;
  const ssize_t used = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (used < 0) {
    const int error = static_cast<int>(used);
    Doom(ErrorOf(error), nghttp2_strerror(error));
  }
  return !over();
}

void H2Session::Pump(Bytes& out, size_t most) {
  if (!doomed_) {
    BeforePump();
    sink_ = &out;
    sink_most_ = most;
    while (out.size() < most && !doomed_) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) Doom(H2Error::kInternal, nghttp2_strerror(static_cast<int>(size)));
      if (size <= 0) break;
      out.Append(std::string_view(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)));
    }
    sink_ = nullptr;
    TellRoom();
  }
  if (doomed_) AppendFarewell(out);
}

void H2Session::Doom(H2Error error, std::string_view why) {
  if (doomed_) return;
  doomed_ = true;
  farewell_ = error;
  cut_ = error == H2Error::kEnhanceYourCalm ? H2Cut::kLimit : H2Cut::kProtocol;
  why_ = why;
}

// Written by hand: whatever state the library is in, what it gave so far were whole frames.
void H2Session::AppendFarewell(Bytes& out) {
  if (std::exchange(farewell_said_, true)) return;
  const auto last = static_cast<uint32_t>(nghttp2_session_get_last_proc_stream_id(session_));
  const auto code = static_cast<uint32_t>(farewell_);
  std::array<char, 17> frame = {0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0};
  for (size_t i = 0; i < 4; ++i) {
    const auto shift = static_cast<uint32_t>(24 - 8 * i);
    frame[9 + i] = static_cast<char>(last >> shift & 0xff);
    frame[13 + i] = static_cast<char>(code >> shift & 0xff);
  }
  out.Append(std::string_view(frame.data(), frame.size()));
}

bool H2Session::over() const {
  if (doomed_) return true;
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

// Streams.

void H2Session::Adopt(H2Stream& stream, int32_t id) {
  stream.session_ = this;
  stream.id_ = id;
  nghttp2_session_set_stream_user_data(session_, id, &stream);
}

void H2Session::Forget(H2Stream& stream) {
  if (current_ == &stream) current_ = nullptr;
  // In place: TellRoom() may be walking over it.
  std::replace(touched_.begin(), touched_.end(), &stream, static_cast<H2Stream*>(nullptr));
  held_ -= stream.out_.size();
  if (!stream.closed_) nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
}

void H2Session::Close(H2Stream& stream, H2Error error) {
  stream.closed_ = true;
  held_ -= stream.out_.size();
  stream.out_.Clear();
  stream.OnClosed(error, stream.fault_);
}

void H2Session::SubmitAnswer(H2Stream& stream, NvSpan list) {
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::OnRead;
  const bool bare = stream.ended_ && stream.out_.empty() && stream.trailers_out_ == nullptr;
  stream.submitted_ = true;
  const int rc =
      nghttp2_submit_response(session_, stream.id_, list.data, list.size, bare ? nullptr : &body);
  if (rc != 0) Reset(stream, H2Error::kInternal);
}

int32_t H2Session::SubmitRequest(H2Stream& stream, NvSpan list, bool has_body) {
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::OnRead;
  const int32_t id = nghttp2_submit_request(session_, nullptr, list.data, list.size,
                                            has_body ? &body : nullptr, &stream);
  if (id < 0) return id;
  stream.submitted_ = true;
  stream.session_ = this;
  stream.id_ = id;
  return id;
}

void H2Session::SendBody(H2Stream& stream, Pieces pieces) {
  if (stream.closed_ || stream.ended_) return;
  const size_t before = stream.out_.size();
  for (const std::string_view piece : pieces) stream.out_.Append(piece);
  held_ += stream.out_.size() - before;
  Wake(stream);
}

void H2Session::SendEnd(H2Stream& stream, const Fields* trailers) {
  if (stream.closed_ || stream.ended_) return;
  stream.ended_ = true;
  if (trailers != nullptr && !trailers->empty()) {
    Arena& arena = *stream.arena_;
    auto* const kept = new (arena.Allocate(sizeof(Fields))) Fields(arena);
    for (const Field& field : *trailers) {
      kept->Add({arena.Copy(field.name), arena.Copy(field.value), field.id});
    }
    stream.trailers_out_ = kept;
  }
  Wake(stream);
}

void H2Session::DropBody(H2Stream& stream) {
  held_ -= stream.out_.size();
  stream.out_.Clear();
}

void H2Session::Wake(H2Stream& stream) {
  if (!stream.starved_) return;
  stream.starved_ = false;
  nghttp2_session_resume_data(session_, stream.id_);
}

void H2Session::Reset(H2Stream& stream, H2Error error) {
  if (stream.closed_) return;
  stream.ended_ = true;
  // What waits stays until the stream is closed: the library may have counted on it already.
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<uint32_t>(error));
}

void H2Session::Consumed(H2Stream& stream, size_t bytes) {
  if (!stream.closed_) nghttp2_session_consume_stream(session_, stream.id_, bytes);
}

bool H2Session::Full(H2Stream& stream, size_t mark) {
  const size_t waiting = stream.out_.size();
  const bool crowded = held_ > options_.hold_bytes || BufferBudget::Exhausted();
  const bool full = waiting >= mark || (crowded && waiting >= kStreamFloor);
  if (full) {
    stream.was_full_ = true;
    stream.room_at_ = (crowded ? kStreamFloor : mark) / 4;
  }
  return full;
}

void H2Session::Give(H2Stream& stream, size_t bytes) {
  held_ -= bytes;
  body_out_ += bytes;
  stream.given_ += bytes;
  while (bytes > 0) {
    const std::string_view front = stream.out_.Front().substr(0, bytes);
    sink_->Append(front);
    stream.out_.RemovePrefix(front.size());
    bytes -= front.size();
  }
  if (stream.was_full_ && !std::exchange(stream.touched_, true)) touched_.push_back(&stream);
}

void H2Session::TellRoom() {
  // An event may fill a stream again, but destroys none.
  for (size_t i = 0; i < touched_.size(); ++i) {
    if (touched_[i] == nullptr) continue;
    H2Stream& stream = *touched_[i];
    stream.touched_ = false;
    if (stream.closed_ || stream.out_.size() > stream.room_at_) continue;
    stream.was_full_ = false;
    stream.OnRoom();
  }
  touched_.clear();
}

void H2Session::BeginTrailers(H2Stream& stream, H2HeadReader& reader) {
  Arena& arena = *stream.arena_;
  stream.trailers_in_ = new (arena.Allocate(sizeof(Fields))) Fields(arena);
  reader.Begin(H2HeadReader::Kind::kTrailers, *stream.trailers_in_);
}

void H2Session::EndTrailers(H2Stream& stream, H2HeadReader& reader) {
  if (const std::optional<Refusal> refusal = reader.FinishTrailers()) {
    return Fault(stream, refusal->why);
  }
  stream.OnEnd(stream.trailers_in_->empty() ? nullptr : stream.trailers_in_);
}

void H2Session::Fault(H2Stream& stream, std::string_view why) {
  stream.fault_ = why;
  Reset(stream, H2Error::kProtocol);
}

// Defence.

bool H2Session::Charge(H2Budget::Kind kind, double count) {
  if (budget_.Charge(kind, now_, count)) return true;
  if (!doomed_) {
    Doom(H2Error::kEnhanceYourCalm, H2Budget::Why(kind));
    cut_ = static_cast<H2Cut>(kind);
  }
  return false;
}

void H2Session::AnnounceShutdown() {
  if (!doomed_) nghttp2_submit_shutdown_notice(session_);
}

void H2Session::RefuseFurther() {
  if (doomed_) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace sluice::http
