// Names: the addresses behind the DNS names that pools use, kept fresh by their TTL in the
// background. A look-up that fails leaves the last good answer in use: a name server's outage is
// not the servers'.
//
// Threads: the supervisor's loop.
#ifndef SLUICE_PROXY_SERVER_NAMES_H_
#define SLUICE_PROXY_SERVER_NAMES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "conf/config.h"
#include "proxy/base/deadline.h"
#include "proxy/base/text.h"
#include "proxy/net/loop.h"
#include "proxy/net/resolver.h"

namespace sluice::server {

class Names {
 public:
  // `changed` runs when the addresses of a watched name are other than before.
  Names(net::Loop& loop, const conf::ResolverConfig& config, absl::AnyInvocable<void()> changed);

  // Watches exactly these from now on; what was known of them stays.
  void Watch(const std::vector<std::string>& names);
  // Empty while the first answer is not there.
  std::vector<Ip> AddressesOf(std::string_view name) const;
  // Every watched name has been answered or has failed once.
  bool settled() const;

 private:
  class Entry final : public Deadline {
   public:
    Entry(Names& names, std::string text) : owner(names), name(std::move(text)) {}
    Names& owner;
    const std::string name;
    std::vector<Ip> addresses;
    bool asked = false;    // a look-up is under way
    bool settled = false;  // one has ended
    bool watched = true;

   private:
    void OnDeadline() override { owner.Ask(*this); }
  };

  void Ask(Entry& entry);
  void OnAnswer(const std::string& name, absl::StatusOr<net::Resolved> answer);

  net::Loop& loop_;
  const conf::ResolverConfig config_;
  absl::AnyInvocable<void()> changed_;
  TextMap<std::unique_ptr<Entry>> entries_;
  net::Resolver resolver_;  // last: its callbacks end before what they touch
};

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_NAMES_H_
