// The name that was probably meant. Threads: any. Cost: names times the square of their length,
// paid only for names that are wrong.
#ifndef SLUICE_CONF_NEAREST_H_
#define SLUICE_CONF_NEAREST_H_

#include <span>
#include <string>
#include <string_view>

namespace sluice::conf {

// How many letters must be inserted, left out, changed or swapped with their neighbour to make `a`
// from `b`.
size_t EditDistance(std::string_view a, std::string_view b);

// The closest of `names`; empty when none is close enough to be worth asking about.
std::string_view Nearest(std::string_view name, std::span<const std::string_view> names);

// "; did you mean 'address'?" or, when nothing is near, "; it may be a, b or c"; empty when there
// are no names.
std::string MayBe(std::string_view name, std::span<const std::string_view> names);

}  // namespace sluice::conf

#endif  // SLUICE_CONF_NEAREST_H_
