#include "conf/server_list.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "conf/report.h"
#include "conf/syntax.h"

namespace sluice::conf {
namespace {

constexpr std::string_view kSpace = " \t\r";
constexpr std::string_view kWeight = "weight=";
constexpr uint32_t kMostWeight = 1000;  // as pool.servers.weight

std::string_view CutWord(std::string_view& rest) {
  const size_t begin = std::min(rest.find_first_not_of(kSpace), rest.size());
  const size_t end = std::min(rest.find_first_of(kSpace, begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

std::optional<uint32_t> ParseWeight(std::string_view text) {
  uint32_t weight = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, weight);
  if (error != std::errc() || rest != end || weight > kMostWeight) return std::nullopt;
  return weight;
}

// What is wrong with the line, or nothing; without a word on it `server` has no address.
std::string ParseLine(std::string_view line, Server& server) {
  line = line.substr(0, line.find('#'));
  server.address = CutWord(line);
  if (server.address.empty()) return {};
  if (const std::string wrong = CheckServerAddress(server.address); !wrong.empty()) {
    return absl::StrFormat("%s %s", Quote(server.address), wrong);
  }
  for (std::string_view word = CutWord(line); !word.empty(); word = CutWord(line)) {
    if (word == "backup") {
      server.backup = true;
      continue;
    }
    const auto weight = word.starts_with(kWeight) ? ParseWeight(word.substr(kWeight.size()))
                                                  : std::optional<uint32_t>();
    if (!weight) {
      return absl::StrFormat(
          "%s is not known; behind an address may be weight=0 to weight=%d, "
          "and backup",
          Quote(word), kMostWeight);
    }
    server.weight = *weight;
  }
  return {};
}

}  // namespace

absl::StatusOr<ServerList> ParseServerList(std::string_view content) {
  if (content.size() > kLargestServerList) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it is larger than %d bytes", kLargestServerList));
  }
  ServerList list;
  std::map<std::string, int> lines;  // by address, where it is
  for (int line = 1; !content.empty(); ++line) {
    const size_t end = std::min(content.find('\n'), content.size());
    Server server;
    const std::string wrong = ParseLine(content.substr(0, end), server);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (!wrong.empty()) {
      return absl::InvalidArgumentError(absl::StrFormat("line %d: %s", line, wrong));
    }
    if (server.address.empty()) continue;
    const auto [before, is_new] = lines.try_emplace(server.address, line);
    if (!is_new) {
      if (list.warning.empty()) {
        list.warning = absl::StrFormat("line %d: %s is there already, at line %d, which counts",
                                       line, Quote(server.address), before->second);
      }
      continue;
    }
    if (list.servers.size() == kMostServers) {
      return absl::InvalidArgumentError(
          absl::StrFormat("line %d: there may be %d servers", line, kMostServers));
    }
    list.servers.push_back(std::move(server));
  }
  if (list.servers.empty()) return absl::InvalidArgumentError("it names no server");
  if (AllWeighNothing(list.servers)) {
    return absl::InvalidArgumentError("all its servers have weight 0");
  }
  return list;
}

void ListServers(Pool& pool, std::vector<Server> listed) {
  std::erase_if(pool.servers, [](const Server& server) { return server.listed; });
  std::set<std::string_view> written;
  for (const Server& server : pool.servers) written.insert(server.address);
  std::vector<Server> more;
  for (Server& server : listed) {
    if (written.contains(server.address)) continue;
    server.listed = true;
    more.push_back(std::move(server));
  }
  pool.servers.insert(pool.servers.end(), more.begin(), more.end());
}

bool AllWeighNothing(const std::vector<Server>& servers) {
  return std::all_of(servers.begin(), servers.end(),
                     [](const Server& server) { return server.weight == 0; });
}

}  // namespace sluice::conf
