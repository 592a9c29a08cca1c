// Lookups: what the resolver says of a set of names, kept fresh by the TTL of each answer in the
// background. A look-up that fails leaves the last good answer in use: a name server's outage is
// not the servers'. Of addresses (Record = Ip), and of the servers of services (net::Service).
//
// Threads: the supervisor's loop. Cost: a map entry and a deadline a name; a failure is asked again
// every kAskAgain.
#ifndef SLUICE_PROXY_SERVER_LOOKUPS_H_
#define SLUICE_PROXY_SERVER_LOOKUPS_H_

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

template <typename Record>
class Lookups {
 public:
  // `changed` runs when the records of a watched name are other than before. `resolver` may be
  // there later than this, must be by the first Watch(), and is gone before; `config` outlives it.
  Lookups(net::Loop& loop, net::Resolver& resolver, const conf::ResolverConfig& config,
          absl::AnyInvocable<void()> changed);

  // Watches exactly these from now on; what was known of them stays.
  void Watch(const std::vector<std::string>& names);
  // Empty while the first answer is not there.
  const std::vector<Record>& RecordsOf(std::string_view name) const;
  // Every watched name has been answered or has failed once.
  bool settled() const;

  static constexpr Duration kAskAgain = std::chrono::seconds(2);

 private:
  class Entry final : public Deadline {
   public:
    Entry(Lookups& lookups, std::string text) : owner(lookups), name(std::move(text)) {}
    Lookups& owner;
    const std::string name;
    std::vector<Record> records;
    bool asked = false;    // a look-up is under way
    bool settled = false;  // one has ended
    bool failing = false;  // the last one failed
    bool watched = true;

   private:
    void OnDeadline() override { owner.Ask(*this); }
  };

  void Ask(Entry& entry);
  void OnAnswer(const std::string& name, absl::StatusOr<net::Answer<Record>> answer);
  void OnFailure(Entry& entry, const absl::Status& why);

  net::Loop& loop_;
  net::Resolver& resolver_;
  const conf::ResolverConfig& config_;
  absl::AnyInvocable<void()> changed_;
  TextMap<std::unique_ptr<Entry>> entries_;
};

extern template class Lookups<Ip>;
extern template class Lookups<net::Service>;

}  // namespace sluice::server

#endif  // SLUICE_PROXY_SERVER_LOOKUPS_H_
