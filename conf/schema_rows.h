// What the tables of keys (schema_*.cc) are written with: where in a Config the value of a key
// goes. Included by those alone.
#ifndef SLUICE_CONF_SCHEMA_ROWS_H_
#define SLUICE_CONF_SCHEMA_ROWS_H_

#include <span>
#include <string_view>
#include <vector>

#include "conf/schema.h"

namespace sluice::conf {

template <typename Member>
struct ClassOf;
template <typename Class, typename Value>
struct ClassOf<Value Class::*> {
  using type = Class;
};
template <auto Member>
using OwnerOf = typename ClassOf<decltype(Member)>::type;

template <typename Object, typename Member, typename... Rest>
auto& Walk(Object& object, Member member, Rest... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return object.*member;
  } else {
    return Walk(object.*member, rest...);
  }
}

// At<&Pool::outlier, &OutlierSpec::rest> finds a field by walking the members from its owner.
template <auto First, auto... Rest>
Field At(Owner owner) {
  return Field(&Walk(*std::get<OwnerOf<First>*>(owner), First, Rest...));
}

template <auto List>
Owner Append(Owner parent) {
  return Owner(&(std::get<OwnerOf<List>*>(parent)->*List).emplace_back());
}
template <auto List>
std::vector<Owner> Each(Owner parent) {
  std::vector<Owner> owners;
  for (auto& element : std::get<OwnerOf<List>*>(parent)->*List) owners.emplace_back(&element);
  return owners;
}

template <auto Maybe>
Owner Emplace(Owner parent) {
  return Owner(&(std::get<OwnerOf<Maybe>*>(parent)->*Maybe).emplace());
}
template <auto Maybe>
std::vector<Owner> IfAny(Owner parent) {
  auto& maybe = std::get<OwnerOf<Maybe>*>(parent)->*Maybe;
  if (!maybe) return {};
  return {Owner(&*maybe)};
}

// A section whose keys are fields of what is around it.
inline Owner Same(Owner parent) { return parent; }
inline std::vector<Owner> OnlySame(Owner parent) { return {parent}; }

inline constexpr std::string_view kOfThePool = "(the pool's)";
inline constexpr std::string_view kNone = "(none)";

// The tables, one file each.
std::span<const Key> ListenerKeys();  // and what is known of clients
std::span<const Key> PoolKeys();
std::span<const Key> RouteKeys();  // and answers of our own
std::span<const Key> LimitKeys();
std::span<const Key> RoomKeys();     // waiting rooms, events, what is kept of them
std::span<const Key> ProcessKeys();  // logs, admin, resolver, process

}  // namespace sluice::conf

#endif  // SLUICE_CONF_SCHEMA_ROWS_H_
