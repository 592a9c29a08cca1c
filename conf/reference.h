// The schema in words: `sluice explain` and docs/reference.md. Threads: any.
#ifndef SLUICE_CONF_REFERENCE_H_
#define SLUICE_CONF_REFERENCE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice::conf {

// What a key is ("pool.connect_timeout"), what is in a section ("pool"), or, for "", all keys with
// one line each. A last name alone ("connect_timeout") explains every key of that name. NotFound
// with the nearest name for what does not exist.
absl::StatusOr<std::string> Explain(std::string_view path);

// All of it as one Markdown page.
std::string ReferenceMarkdown();

}  // namespace sluice::conf

#endif  // SLUICE_CONF_REFERENCE_H_
