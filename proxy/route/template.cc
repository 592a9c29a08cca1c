#include "proxy/route/template.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::route {
namespace {

using Value = std::string_view TemplateValues::*;

constexpr std::pair<std::string_view, Value> kNames[] = {
    {"{client_ip}", &TemplateValues::client_ip},
    {"{host}", &TemplateValues::host},
    {"{path}", &TemplateValues::path},
    {"{query}", &TemplateValues::query},
    {"{request_id}", &TemplateValues::request_id},
    {"{scheme}", &TemplateValues::scheme},
    {"{status}", &TemplateValues::status},
    {"{reason}", &TemplateValues::reason},
    {"{why}", &TemplateValues::why},
    {"{tls_version}", &TemplateValues::tls_version},
    {"{tls_cipher}", &TemplateValues::tls_cipher},
    {"{tls_server_name}", &TemplateValues::tls_server_name},
    {"{ja4}", &TemplateValues::ja4},
    {"{client_certificate}", &TemplateValues::client_certificate},
    {"{client_subject}", &TemplateValues::client_subject},
};

const std::pair<std::string_view, Value>* NameAt(std::string_view text) {
  for (const auto& name : kNames) {
    if (text.starts_with(name.first)) return &name;
  }
  return nullptr;
}

}  // namespace

Template::Template(std::string_view text) {
  size_t begin = 0;  // of the plain text not yet stored
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at)) {
    const auto* const name = NameAt(text.substr(at));
    if (name == nullptr) {
      ++at;
      continue;
    }
    if (at > begin) pieces_.push_back({std::string(text.substr(begin, at - begin)), nullptr});
    pieces_.push_back({std::string(), name->second});
    at += name->first.size();
    begin = at;
  }
  if (begin < text.size()) pieces_.push_back({std::string(text.substr(begin)), nullptr});
}

bool Template::constant() const {
  return pieces_.empty() || (pieces_.size() == 1 && pieces_.front().value == nullptr);
}

bool Template::uses(Value value) const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [value](const Piece& piece) { return piece.value == value; });
}

std::string_view Template::Expand(const TemplateValues& values, Escape escape, Arena& arena) const {
  if (pieces_.empty()) return {};
  if (constant()) return pieces_.front().text;
  std::string_view* const parts = arena.AllocateArray<std::string_view>(pieces_.size());
  size_t size = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (piece.value == nullptr) {
      parts[i] = piece.text;
    } else {
      const std::string_view value = values.*piece.value;
      parts[i] = escape == nullptr ? value : escape(value, arena);
    }
    size += parts[i].size();
  }
  char* const text = arena.AllocateArray<char>(size);
  char* to = text;
  for (size_t i = 0; i < pieces_.size(); ++i) to = std::copy(parts[i].begin(), parts[i].end(), to);
  return {text, size};
}

}  // namespace sluice::route
