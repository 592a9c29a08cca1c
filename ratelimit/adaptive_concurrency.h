// AdaptiveConcurrency: how many requests at once a server carries, found from its own answers and
// from nothing else: nobody states a number, and no request is sent or refused to measure.
//
// The sign is how much longer answers take than in calm: each answer's time over the calm time of
// its kind (calm_times.h), so that a change of mix is no crowd, over what is usual for this server,
// so that a slow one is not a crowded one. At 1 nothing waits at the server; at 1.2 about a fifth
// of what it holds waits, which keeps its last worker busy. That is where the limit is held: it is
// multiplied by the wanted crowding over the seen, as soon as enough answers tell the two apart.
// (The step from the sign itself: Gradient2 of Netflix' concurrency-limits. The sequential test,
// and all that follows, is ours.)
//
// What calm is must not be guessed either, and a crowd must never pass for it:
// - The limit begins at one, where an answer takes its calm time whoever waits, and doubles until
//   answers stretch. If they stretch by as much as it grew, calm was not known, and it goes back.
//   While few answers have told what calm is, a crowd is believed only when half as many at once
//   are quicker for it.
// - In a crowd the time follows the limit. If it does not while the limit falls to half, crowding
//   is not the cause: the server has become slower, and that is its calm from now on.
// - Now and then, under a limit that holds somebody back, a window passes at seven tenths of it. If
//   answers become quicker by as much, what was held for calm was a crowd, and is corrected. In
//   turn with that one at ten sevenths: if answers do not become slower, there was none. (Not for
//   one of several servers: what they share could be crowded by it unseen.) This costs a few
//   hundredths of what the server can do.
// - Otherwise calm is learnt when nobody waits, and from answers that are quicker than it.
//
// It grows only while somebody wants more than it, or a limit of all, allows and answers do not
// fail.
//
// Pure: the caller looks ten times a second and brings the time along. One thread.
#ifndef SLUICE_RATELIMIT_ADAPTIVE_CONCURRENCY_H_
#define SLUICE_RATELIMIT_ADAPTIVE_CONCURRENCY_H_

#include <chrono>
#include <cstdint>

namespace sluice::ratelimit {

// What was seen of a server since the last look.
struct ServerLook {
  // Answers that tell something: no failures, uploads, tunnels, streams.
  double answers = 0;
  double stretch = 0;  // sum over them: the time to the answer over the calm time of its kind
  std::chrono::nanoseconds time{0};  // sum of the times
  double failures = 0;               // answers that failed, or asked for less
  bool silent = false;               // it gave no answer of any sort
  uint32_t in_flight = 0;            // now
  bool wanted = false;  // somebody would have sent it more than it may hold, or than its part is
};

class AdaptiveConcurrency {
 public:
  using Duration = std::chrono::nanoseconds;
  using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

  // What a server may hold at least while a limit of all does the work.
  static constexpr double kLed = 3;
  static constexpr double kFirst = 1;
  static constexpr uint32_t kMost = 1 << 16;

  // What is known from elsewhere.
  struct Around {
    double others = 0;    // crowding of most servers, this among them; 0: there are no others
    double most = kMost;  // a higher limit would not be felt
    bool small = false;   // its limit is less than half of what servers here have on average
    bool led = false;     // a limit of all of them together does the work
    bool waits = false;   // somebody waits, for this or another: no time to learn what is usual
  };

  // `wanted`: the crowding that the limit is held at.
  explicit AdaptiveConcurrency(double wanted, double limit = kFirst)
      : wanted_(wanted), limit_(limit), doubling_(true) {}

  void Look(const ServerLook& seen, Around around, TimePoint now);

  uint32_t limit() const { return static_cast<uint32_t>(limit_); }
  // Its usual stretch in calm; 0: not known yet.
  double calm() const { return calm_; }
  // Times as slow as in calm, as of the last window; 1 before the first.
  double crowding() const { return crowding_; }
  // It has met no crowd yet that it believed: what it is given doubles.
  bool finding() const { return doubling_; }
  // Its times over those that its kinds of requests take in calm, its own slowness included.
  double slowness() const { return (calm_ == 0 ? 1 : calm_) * crowding_; }
  // No crowd and nobody held back, as of the last window.
  bool at_rest() const { return at_rest_; }

  // Calm was off by this factor, as somebody knows who sees more.
  void Rebase(double factor);
  // Calm is one here by definition: answers are counted by the calm of others. Returns what it was.
  double CallCalmOne();
  // It is new, or comes back: begins with a tenth of what it held.
  void Restart();
  // To what cannot be reached anyway.
  void Cap(double most);

 private:
  struct Window {
    TimePoint from{};  // may be ahead: what was sent before a change says nothing about it
    double looks = 0;
    double answers = 0;
    double stretch = 0;
    double time_ns = 0;
    double failures = 0;
    double in_flight = 0;  // sum over looks
    bool wanted = false;
    bool calm = true;
  };
  // An earlier window, to see whether answers follow the limit.
  struct Mark {
    double limit = 0;  // 0: none
    double stretch = 0;
    // Exponent of the time over the limit between there and here.
    double FollowedBy(double its_limit, double its_stretch) const;
    double Answers(double its_limit) const;  // that tell
  };

  void Take(const ServerLook& seen, Around around);
  double Stretch() const;
  double Held() const;
  double Crowding() const;
  bool Young() const;     // what its calm is, few answers have told
  bool FarBelow() const;  // it is quicker than calm, and not by chance
  bool Enough(TimePoint now) const;
  void Judge(Around around, TimePoint now);
  void Follow(double others);
  void Learn();
  double NeededAnswers() const;
  void Grow(Around around, TimePoint now);
  void Shrink(Around around);
  void JudgeYoung();
  void Glance(Around around, TimePoint now);
  void EndGlance(Around around, TimePoint now);
  void Move(double to);
  // To what its limit would have been there, had calm been known; `least` of that at least.
  void MoveFrom(const Mark& mark, double least);

  double wanted_;
  double limit_;
  double calm_ = 0;
  double learnt_ = 0;  // answers that it was learnt from
  double crowding_ = 1;
  double judged_limit_ = 1;  // at which it was so
  bool at_rest_ = false;
  bool doubling_;      // was not surely too high since it began, or found itself far too low
  double step_ = 0;    // the last one up, as a part of the limit
  TimePoint heard_{};  // the last answer of any sort
  Window window_;
  Mark retreat_;            // where answers began to stretch
  Mark advance_;            // where it began to grow
  Mark glance_;             // before the look aside
  double glance_held_ = 0;  // in flight then
  bool up_ = false;         // the next one, or this
  TimePoint glance_at_{};
  Duration between_glances_{};
};

}  // namespace sluice::ratelimit

#endif  // SLUICE_RATELIMIT_ADAPTIVE_CONCURRENCY_H_
