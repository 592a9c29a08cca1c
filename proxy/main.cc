// The command line. Exit codes: 0 success, 1 the configuration or the system said no (nothing was
// started), 2 the command itself was wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "conf/reference.h"
#include "proxy/admin/ctl.h"
#include "proxy/admin/run.h"
#include "proxy/demo/demo.h"
#include "proxy/demo/storefront.h"
#include "proxy/server/config_file.h"
#include "proxy/server/supervisor.h"

namespace {

namespace admin = sluice::admin;
namespace demo = sluice::demo;
namespace server = sluice::server;

int Demo(const demo::DemoCall& call) {
  auto shop = demo::StorefrontThread::Start(demo::ShopOf(call));
  if (!shop.ok()) return admin::Complain(shop.status());
  const demo::Storefront& front = (*shop)->storefront();
  auto config = server::ReadConfigText("demo", demo::ConfigOf(call, front.addresses()));
  if (!config.ok()) return admin::Complain(config.status());
  server::Supervisor supervisor(*std::move(config), nullptr);
  const auto turn_panic = [&](bool on) {
    supervisor.loop().Post([&supervisor, on] {
      // Critical is the first of the classes.
      const server::PanicOrder order{.on = on, .keeps = {on}, .reason = "the demo shows it"};
      supervisor.Obey(order, {.who = "the demo", .from = "here"}).IgnoreError();
    });
  };
  const auto show = demo::ShowOf(
      call, front, [&] { supervisor.Shutdown(); }, turn_panic);
  return admin::Serve(supervisor, demo::GreetingOf(call, front.addresses()));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("sluice: a reverse proxy for shops whose sales are announced", "sluice");
  app.require_subcommand(1);
  int result = 0;
  std::string file, key;
  bool markdown = false;
  demo::DemoCall shop;
  const auto command = [&](const char* name, const char* help, std::function<int()> act) {
    CLI::App* const added = app.add_subcommand(name, help);
    added->callback([&result, act = std::move(act)] { result = act(); });
    return added;
  };
  for (CLI::App* const reads :
       {command("run", "serve by a configuration file", [&] { return admin::Run(file); }),
        command("check", "say all that is wrong with a file",
                [&] { return admin::Check(file); })}) {
    reads->add_option("-c,--config", file, "the file")->required();
  }
  CLI::App* const explain = command("explain", "what a configuration key means", [&] {
    const auto text = markdown ? sluice::conf::ReferenceMarkdown() : sluice::conf::Explain(key);
    return text.ok() ? std::fputs(text->c_str(), stdout) < 0 : admin::Complain(text.status());
  });
  explain->add_option("key", key, "e.g. pool.connect_timeout; none: all keys");
  explain->add_flag("--markdown", markdown, "the whole reference as Markdown");
  CLI::App* const show =
      command("demo", "a storefront with sluice in front", [&] { return Demo(shop); });
  show->add_option("--port", shop.port, "where sluice listens")->check(CLI::Range(1, 65535));
  show->add_option("--admin-port", shop.admin_port, "its admin API")->check(CLI::Range(1, 65535));
  CLI::Option* const sale = show->add_flag(
      "--sale", shop.sale, "a flash sale: thousands of shoppers come, and it is told");
  show->add_option("--mode", shop.mode, "what ails the shop of the sale")
      ->needs(sale)
      ->check(CLI::IsMember(demo::SaleModeNames()));
  CLI::Option* const roomless =
      show->add_flag("--no-room", shop.roomless, "the sale without a waiting room")->needs(sale);
  CLI::Option* const unheld =
      show->add_flag("--unheld", shop.unheld, "the sale with a sluice that holds nothing back")
          ->needs(sale)
          ->excludes(roomless);
  show->add_flag("--event", shop.event, "the sale announced: some gather, and lots are drawn")
      ->needs(sale)
      ->excludes(roomless)
      ->excludes(unheld);
  show->add_flag("--panic", shop.panic, "the panic switch on and off in the middle of the sale")
      ->needs(sale);
  admin::CtlCall call;
  CLI::App* const ctl =
      command("ctl", "ask and change a running sluice", [&] { return admin::Ctl(call); });
  ctl->add_option("what", call.words, std::string(admin::kCtlHelp))->required();
  ctl->add_option("--admin", call.admin, "unix:/run/sluice/admin.sock or 127.0.0.1:9900");
  ctl->add_option("-c,--config", call.config, "the file of the running one: says where it answers");
  ctl->add_option("--token-file", call.token_file, "the token for changes over TCP");
  ctl->add_option("--reason", call.reason, "why, for the log and the others");
  ctl->add_option("--for", call.lasts, "limits and rooms: until when, as \"30min\"");
  ctl->add_option("--wait", call.wait_s, "drain, maintenance: seconds until all there is done");
  ctl->add_flag("--json", call.json, "for programs");
  command("version", "print the version", [] { return std::puts("sluice " SLUICE_VERSION) < 0; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return result;
}
