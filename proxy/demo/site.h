// Site: what the servers of one storefront share.
//
// Threads: the storefront's loop.
#ifndef SLUICE_PROXY_DEMO_SITE_H_
#define SLUICE_PROXY_DEMO_SITE_H_

#include <memory>
#include <vector>

#include "proxy/demo/alarm.h"
#include "proxy/demo/database.h"
#include "proxy/demo/shop_server.h"
#include "proxy/demo/storefront.h"
#include "proxy/net/loop.h"

namespace sluice::demo {

struct Site {
  Site(net::Loop& its_loop, const StorefrontOptions& its_options);

  net::Loop& loop;
  const StorefrontOptions options;
  Alarms alarms;
  Database database;
  std::vector<std::unique_ptr<ShopServer>> servers;
};

}  // namespace sluice::demo

#endif  // SLUICE_PROXY_DEMO_SITE_H_
