#include "ratelimit/adaptive_concurrency.h"

#include <algorithm>
#include <cmath>

namespace sluice::ratelimit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Times of web pages vary by half their mean. So many answers are the fewest and the most that a
// window has; between them it ends when the mean is this many of its own deviations off the wanted.
constexpr double kDeviation = 0.55;
constexpr double kSure = 1.2;
constexpr double kLeastAnswers = 10;
constexpr double kMostAnswers = 300;
// To compare two windows: over the square of the logarithm of how far apart their limits are.
constexpr double kMarkAnswers = 15;
constexpr double kYoungAnswers = 12;  // while little is known, and little lost by an error
// Answers that come early are the quick ones: two mean times show most of the slow ones.
constexpr double kLeastMeans = 2;
constexpr milliseconds kLong{1500};
constexpr seconds kLongest{10};  // for fewer than kLeastAnswers
// A server of which nothing was ever heard holds back nobody for longer.
constexpr milliseconds kFirstPatience{150};

constexpr double kUnheard = 1.25;  // times as much, at each look

constexpr double kLeastStep = 0.7;
// Steps up in a row: gentle at first, for the limit was too high a moment ago, then doubling: what
// is far below needs no care.
constexpr double kFirstStep = 0.1;
constexpr double kMostStep = 1;

// Answers over which calm is remembered: in calm; when answers are far quicker than it, crowd or
// not; when there is but one request at a time; and while a limit of all does the work.
constexpr double kCalmMemory = 2000;
constexpr double kFarBelow = 3.5;  // deviations
constexpr double kQuicker = 0.85;
constexpr double kAloneMemory = 40;
constexpr double kLedMemory = 300;
constexpr double kKnown = 200;  // answers from which on a mean is one

constexpr double kRetreat = 0.5;  // of the limit
constexpr double kAdvance = 1.9;  // of the limit
constexpr double kGlance = 0.7;   // of the limit
constexpr double kMuch = 0.15;    // of calm: a correction that another may follow
// Exponent of time over limit: 1 in a crowd, 0 without one, a half where the limit is held.
constexpr double kInsensitive = 0.5;
constexpr double kCrowd = 0.7;
constexpr double kNoCrowd = 0.45;
constexpr double kTried = 1.2;      // times as many in flight, or more was not tried
constexpr double kFewer = 0.85;     // likewise: or fewer were not
constexpr double kNoneAtAll = 0.2;  // surely no crowd
constexpr double kNearCalm = 1.05;  // crowding where more does not crowd
constexpr seconds kFirstGlance{2};
constexpr milliseconds kNextGlance{250};  // after one that found a crowd
constexpr seconds kMostBetweenGlances{10};

// A server that is so much more crowded than most has a trouble of its own, and follows nobody.
constexpr double kOwnTrouble = 1.3;

// Share of failures from which on answers are no reason to send more.
constexpr double kFailing = 0.1;

}  // namespace

void AdaptiveConcurrency::Look(const ServerLook& seen, Around around, TimePoint now) {
  // A clock that steps back begins anew.
  if (window_.from == TimePoint{} || now + kLongest < window_.from) window_ = {.from = now};
  const bool unheard = heard_ == TimePoint{} || heard_ > now;
  if (!seen.silent || seen.in_flight == 0 || unheard) heard_ = now;
  if (now < window_.from) return;
  Take(seen, around);
  if (Enough(now)) return Judge(around, now);
  if (calm_ == 0 && seen.wanted && now - heard_ >= kFirstPatience) {
    Move(std::max(limit_ + 1, limit_ * kUnheard));
  }
}

void AdaptiveConcurrency::Take(const ServerLook& seen, Around around) {
  window_.looks += 1;
  window_.answers += seen.answers;
  window_.stretch += seen.stretch;
  window_.time_ns += static_cast<double>(seen.time.count());
  window_.failures += seen.failures;
  window_.in_flight += seen.in_flight;
  window_.wanted = window_.wanted || seen.wanted;
  window_.calm = window_.calm && !around.waits;
}

double AdaptiveConcurrency::Stretch() const { return window_.stretch / window_.answers; }

double AdaptiveConcurrency::Held() const { return window_.in_flight / window_.looks; }

double AdaptiveConcurrency::Crowding() const { return calm_ == 0 ? 1 : Stretch() / calm_; }

double AdaptiveConcurrency::NeededAnswers() const {
  if (glance_.limit != 0) return glance_.Answers(limit_);
  if (limit_ <= kRetreat * retreat_.limit) {
    return Young() ? kYoungAnswers : retreat_.Answers(limit_);
  }
  // It seems to have become quicker, which must not be taken for room.
  const double crowding = window_.answers == 0 ? 1 : Crowding();
  if (crowding > kQuicker || Young()) return kLeastAnswers;
  const double sure = kFarBelow * kDeviation / (1 - crowding);
  return std::clamp(sure * sure, kLeastAnswers, kMostAnswers);
}

bool AdaptiveConcurrency::Enough(TimePoint now) const {
  const Duration length = now - window_.from;
  if (length >= kLongest) return true;
  const double answers = window_.answers;
  if (answers < NeededAnswers()) return false;
  if (static_cast<double>(length.count()) < kLeastMeans * window_.time_ns / answers) return false;
  if (answers >= kMostAnswers || length >= kLong || glance_.limit != 0) return true;
  const double crowding = Crowding();
  return std::abs(crowding - wanted_) > kSure * kDeviation * crowding / std::sqrt(answers);
}

void AdaptiveConcurrency::Judge(Around around, TimePoint now) {
  const uint32_t before = limit();
  const double mean_ns = window_.answers == 0 ? 0 : window_.time_ns / window_.answers;
  if (window_.answers >= kLeastAnswers && around.led && Crowding() < kOwnTrouble * around.others) {
    Follow(around.others);
  } else if (window_.answers >= kLeastAnswers) {
    // It has become quicker: how much more it carries is not known before its calm is.
    const bool news = FarBelow();
    Learn();
    crowding_ = Crowding();
    judged_limit_ = limit_;
    at_rest_ = window_.calm && !window_.wanted && crowding_ <= wanted_;
    if (glance_.limit != 0) {
      EndGlance(around, now);
    } else if (crowding_ > wanted_ && (limit_ < 2 || !window_.wanted)) {
      // One at a time cannot be a crowd: that was chance. And what nobody used is no limit.
    } else if (crowding_ > wanted_) {
      Shrink(around);
      Glance(around, now);
    } else if (retreat_.limit != 0 && Young()) {
      JudgeYoung();
    } else {
      retreat_ = {};
      const bool failing = window_.failures > kFailing * (window_.answers + window_.failures);
      if (window_.wanted && !failing && !news) {
        Grow(around, now);
        Glance(around, now);
      }
    }
  } else {
    glance_ = {};
  }
  const auto settle = Duration(static_cast<int64_t>(limit() == before ? 0 : mean_ns));
  window_ = {.from = now + settle};
}

bool AdaptiveConcurrency::Young() const { return doubling_ && learnt_ < kKnown; }

bool AdaptiveConcurrency::FarBelow() const {
  return Crowding() < 1 - kFarBelow * kDeviation / std::sqrt(window_.answers);
}

void AdaptiveConcurrency::Follow(double others) {
  if (calm_ == 0) calm_ = 1;
  calm_ += (Stretch() / others - calm_) * window_.answers / (window_.answers + kLedMemory);
  crowding_ = Crowding();
  at_rest_ = window_.calm && !window_.wanted && crowding_ <= wanted_;
  retreat_ = {};
  glance_ = {};
  Move(std::max(limit_, kLed));
}

void AdaptiveConcurrency::Learn() {
  const double stretch = Stretch();
  learnt_ += window_.answers;
  const auto towards = [&](double memory) {
    calm_ += (stretch - calm_) * window_.answers / (window_.answers + memory);
  };
  if (calm_ == 0) {
    calm_ = stretch;
  } else if (FarBelow()) {
    // It is as crowded as it was a moment ago, if its limit is what it was.
    calm_ = stretch / std::max(crowding_ * limit_ / judged_limit_, 1.0);
    between_glances_ = kNextGlance;  // there may be more to it
    glance_at_ = {};
  } else if (Young() && stretch <= wanted_ * calm_) {
    towards(learnt_ - window_.answers);
  } else if (limit_ < 2) {
    towards(kAloneMemory);
  } else if (window_.calm && !window_.wanted && stretch <= wanted_ * calm_) {
    towards(kCalmMemory);
  }
}

void AdaptiveConcurrency::Grow(Around around, TimePoint now) {
  const double stretch = Stretch();
  if (step_ == 0) advance_ = {limit_, stretch};
  if (limit_ >= kAdvance * advance_.limit) {
    if (advance_.FollowedBy(limit_, stretch) >= kCrowd) {
      // What was held for calm was a crowd.
      calm_ = std::min(calm_, advance_.stretch);
      doubling_ = false;
      step_ = 0;
      glance_at_ = now;
      return Move(advance_.limit);
    }
    advance_ = {limit_, stretch};
  }
  step_ = doubling_ ? kMostStep : std::min(std::max(2 * step_, kFirstStep), kMostStep);
  Move(std::min(limit_ * (1 + step_), around.most));
}

void AdaptiveConcurrency::Shrink(Around around) {
  const double stretch = Stretch();
  const bool young = Young() && !around.led;
  step_ = 0;
  if (young && retreat_.limit == 0) {
    retreat_ = {limit_, stretch};
    return Move(limit_ * kRetreat);
  }
  doubling_ = false;
  if (retreat_.limit == 0) {
    retreat_ = {limit_, stretch};
  } else if (limit_ <= kRetreat * retreat_.limit) {
    const bool own = young || around.others == 0 || crowding_ > kOwnTrouble * around.others;
    const bool slower = own && retreat_.FollowedBy(limit_, stretch) < kInsensitive;
    retreat_ = {limit_, stretch};
    if (slower) {
      calm_ = stretch;
      learnt_ = window_.answers;
      crowding_ = 1;
      doubling_ = true;
      retreat_ = {};
      return;
    }
  }
  Move(limit_ * std::max(kLeastStep, wanted_ / crowding_));
}

void AdaptiveConcurrency::JudgeYoung() {
  if (retreat_.FollowedBy(limit_, Stretch()) >= kInsensitive) {
    doubling_ = false;
    MoveFrom(retreat_, kRetreat);
  }
  retreat_ = {};
}

double AdaptiveConcurrency::Mark::FollowedBy(double its_limit, double its_stretch) const {
  return std::log(stretch / its_stretch) / std::log(limit / its_limit);
}

double AdaptiveConcurrency::Mark::Answers(double its_limit) const {
  const double apart = std::log(limit / its_limit);
  return kMarkAnswers / (apart * apart);
}

void AdaptiveConcurrency::Glance(Around around, TimePoint now) {
  if (doubling_ || limit() < 2) return;
  if (between_glances_ == Duration::zero()) {
    between_glances_ = kFirstGlance;
    glance_at_ = now + kFirstGlance;
  }
  // More at one of several may crowd what they share, unseen; not if it has little.
  if (around.others != 0 && !around.small) up_ = false;
  const Mark here = {limit_, Stretch()};
  const double there = up_ ? std::ceil(limit_ / kGlance) : std::floor(limit_ * kGlance);
  if (now < glance_at_ || window_.answers < here.Answers(there) / 2) return;
  glance_ = here;
  glance_held_ = Held();
  Move(there);
}

void AdaptiveConcurrency::EndGlance(Around around, TimePoint now) {
  const double stretch = Stretch();
  const double follows = glance_.FollowedBy(limit_, stretch);
  const double before = calm_;
  const bool tried = !up_ || Held() > kTried * glance_held_;
  if (up_ && tried && follows <= kNoCrowd) {
    calm_ = std::max(calm_, glance_.stretch / kNearCalm);
  } else if (!up_ && around.others == 0 && Held() < kFewer * glance_held_ &&
             follows <= kNoneAtAll) {
    // Fewer were not quicker, at none of the servers: they are not crowded, whatever calm was held
    // to be. Nobody else can say so where all servers hold their limits for too high at once.
    calm_ = std::max(calm_, stretch / kNearCalm);
    Move(glance_.limit);
  } else {
    if (!up_ && follows >= kCrowd) calm_ = std::min(calm_, stretch);
    MoveFrom(glance_, kGlance);
  }
  crowding_ = stretch / calm_;
  const Duration usual =
      std::clamp<Duration>(between_glances_ * 2, kFirstGlance, kMostBetweenGlances);
  const bool much = std::abs(calm_ - before) > kMuch * before;
  // The same way again after a large correction, else the other.
  between_glances_ = much ? kNextGlance : usual;
  if (!much) up_ = !up_;
  glance_ = {};
  glance_at_ = now + between_glances_;
}

void AdaptiveConcurrency::MoveFrom(const Mark& mark, double least) {
  Move(mark.limit * std::clamp(wanted_ * calm_ / mark.stretch, least, 1.0));
}

void AdaptiveConcurrency::Move(double to) { limit_ = std::clamp(to, 1.0, double{kMost}); }

void AdaptiveConcurrency::Rebase(double factor) {
  if (calm_ == 0) return;
  calm_ *= factor;
  crowding_ /= factor;
}

double AdaptiveConcurrency::CallCalmOne() {
  const double was = calm_;
  if (was == 0) return 1;
  Rebase(1 / was);
  learnt_ = std::max(learnt_, kKnown);
  return was;
}

void AdaptiveConcurrency::Restart() {
  doubling_ = true;
  step_ = 0;
  window_ = {};
  retreat_ = {};
  glance_ = {};
  Move(limit_ / 10);
}

void AdaptiveConcurrency::Cap(double most) {
  if (limit_ <= most) return;
  Move(most);
  // Hardly more than before would tell nothing.
  if (up_ && limit_ < kTried * glance_.limit) glance_ = {};
}

}  // namespace sluice::ratelimit
