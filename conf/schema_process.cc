// Keys of all that is there once: logs, the admin listener, the resolver, the store,
// the process.
#include "conf/schema_rows.h"
#include "conf/store_url.h"

namespace sluice::conf {
namespace {

constexpr Key kKeys[] = {
    {"include", Type::kTexts, nullptr, "[]", "",
     "Other files, relative to this one; their tables are appended, a key set twice is an error.",
     CheckPlain, "[\"routes.toml\"]"},

    {"access_log.output", Type::kText, At<&Config::access_log, &AccessLog::output>, "\"stdout\"",
     "", "\"stdout\", \"syslog\", \"journald\", \"off\", or a file.", CheckAccessOutput},
    {"access_log.format", Type::kText, At<&Config::access_log, &AccessLog::format>, "\"json\"", "",
     "\"json\", \"combined\" (as nginx has it), or a text with {fields}.", CheckAccessFormat},
    {"access_log.queue", Type::kCount, At<&Config::access_log, &AccessLog::queue>, "65536",
     "16..16777216", "Lines that wait for the writer; beyond, they are dropped and counted."},

    {"log.level", Type::kChoice, At<&Config::log, &OperationalLog::level>, "\"info\"",
     "debug|info|warn|error", "What is worth a line."},
    {"log.output", Type::kText, At<&Config::log, &OperationalLog::output>, "\"stderr\"", "",
     "\"stderr\", \"stdout\", or a file.", CheckLogOutput},

    {"admin.address", Type::kText, At<&Config::admin, &Admin::address>, "\"127.0.0.1:9900\"", "",
     "Where to serve /metrics, /status, /healthz and /readyz; \"off\": nowhere.",
     CheckAdminAddress},
    {"admin.socket", Type::kText, At<&Config::admin, &Admin::socket>, "\"/run/sluice/admin.sock\"",
     "",
     "Unix socket that answers the same and takes changes, for root and sluice's own user; "
     "\"off\": none. The default one is left out where its folder cannot be used. Read at start "
     "only.",
     CheckAdminSocket},
    {"admin.token_file", Type::kFile, At<&Config::admin, &Admin::token_file>, kNone, "",
     "File with a token of 16 characters or more. Who brings it (Authorization: Bearer) may make "
     "changes at a loopback address, too; none: there nobody may.",
     CheckPlain, "\"admin.token\""},

    {"resolver.servers", Type::kTexts, At<&Config::resolver, &ResolverConfig::servers>, "[]", "",
     "Name servers; none: those of the system.", CheckResolverAddress, "[\"10.0.0.2\"]"},
    {"resolver.timeout", Type::kDuration, At<&Config::resolver, &ResolverConfig::timeout>, "\"2s\"",
     "10ms..1min", "Longest wait for one answer."},
    {"resolver.tries", Type::kCount, At<&Config::resolver, &ResolverConfig::tries>, "3", "1..10",
     "How often a question is asked."},
    {"resolver.min_ttl", Type::kDuration, At<&Config::resolver, &ResolverConfig::min_ttl>, "\"1s\"",
     "100ms..24h", "Shortest time an answer is used, whatever its TTL."},
    {"resolver.max_ttl", Type::kDuration, At<&Config::resolver, &ResolverConfig::max_ttl>,
     "\"5min\"", "100ms..24h", "Longest time an answer is used, whatever its TTL."},

    {"store.url", Type::kText, At<&Config::store, &Store::url>, kNone, "",
     "\"redis://[[user]:password@]host[:port][/database]\", or \"unix:/path\"; none: no limit can "
     "be shared.",
     CheckStoreUrl, "\"redis://store.internal\""},
    {"store.password_file", Type::kFile, At<&Config::store, &Store::password_file>, kNone, "",
     "File with the password, in place of one in the url.", CheckPlain, "\"store.password\""},
    {"store.connect_timeout", Type::kDuration, At<&Config::store, &Store::connect_timeout>,
     "\"1s\"", "10ms..1min", "Longest wait for a connection."},
    {"store.answer_timeout", Type::kDuration, At<&Config::store, &Store::answer_timeout>,
     "\"500ms\"", "10ms..1min",
     "Longest wait for an answer; then the store counts as silent. No request waits for it."},
    {"store.prefix", Type::kText, At<&Config::store, &Store::prefix>, "\"sluice:\"", "",
     "Beginning of the names of all keys; the same on all machines of a fleet.", CheckStorePrefix},
    {"store.instances", Type::kCount, At<&Config::store, &Store::instances>, "1", "1..10000",
     "How many machines share the store, until it has told: so large a part of a limit, and "
     "of a room's numbers, each takes when it starts while the store is silent."},

    {"process.workers", Type::kCount, At<&Config::process, &Process::workers>, "0", "0..1024",
     "Worker threads; 0: the processors this process may use. Read at start only."},
    {"process.user", Type::kText, At<&Config::process, &Process::user>, "\"\"", "",
     "User to become once the listeners are open; empty: stay. Read at start only.", CheckPlain},
    {"process.group", Type::kText, At<&Config::process, &Process::group>, "\"\"", "",
     "Group to become; empty: the user's. Read at start only.", CheckPlain},
    {"process.pid_file", Type::kText, At<&Config::process, &Process::pid_file>, "\"\"", "",
     "File for the process id; empty: none. Read at start only.", CheckPlain},
    {"process.shutdown_delay", Type::kDuration, At<&Config::process, &Process::shutdown_delay>,
     "\"0s\"", "0s..1h",
     "Time between failing /readyz and closing the listeners, for balancers in front."},
    {"process.shutdown_timeout", Type::kDuration, At<&Config::process, &Process::shutdown_timeout>,
     "\"30s\"", "0s..24h", "Time that running requests get to end; then they are cut."},
    {"process.buffer_budget", Type::kSize, At<&Config::process, &Process::buffer_budget>,
     "\"256MiB\"", "1MiB..1TiB", "Memory for all bodies being buffered; beyond, readers wait."},
};

}  // namespace

std::span<const Key> ProcessKeys() { return kKeys; }

}  // namespace sluice::conf
