// What a waiting room says to a visitor, in the words of one language: numbers grouped, plurals
// right, times rounded outwards so that a range said is never narrower than the range known.
//
// Below ten minutes a minute is the unit, up to an hour five, up to two hours ten, then hours.
//
// Threads: any; pure. Cost: some 0.3 us and a few dozen bytes of the arena.
#ifndef SLUICE_PROXY_ADMISSION_WAITING_WORDS_H_
#define SLUICE_PROXY_ADMISSION_WAITING_WORDS_H_

#include "proxy/admission/waiting_template.h"
#include "proxy/admission/waiting_text.h"
#include "proxy/admission/waiting_view.h"
#include "proxy/base/arena.h"

namespace sluice::admission {

// As clients of the JSON and style sheets know it: "waiting", "prequeue", ...
std::string_view NameOf(WaitingView::State state);

// Fills the slots from kState to kMessage; those that there is nothing to say for stay empty.
// `text` is escaped already, by the same `escape` that is put to the operator's message.
void Say(const WaitingView& view, const WaitingText& text, WaitingText::Escape escape,
         SlotValues& values, Arena& arena);

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_WAITING_WORDS_H_
