#include "conf/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "absl/strings/str_format.h"
#include "balancer/picker.h"
#include "conf/units.h"
#include "tests/conf/files.h"

namespace sluice::conf {
namespace {

// The object that the keys of `section` belong to, the last there is or one made new.
Owner ObjectOf(std::string_view section, Config& config) {
  if (section.empty()) return Owner(&config);
  const Section* found = FindSection(section);
  const Owner parent = ObjectOf(SectionOf(section), config);
  const std::vector<Owner> objects = found->list(parent);
  return objects.empty() ? found->open(parent) : objects.back();
}

bool IsValue(std::string_view fallback) { return !fallback.starts_with('('); }

class SchemaTest : public Files {
 protected:
  SchemaTest() {
    for (const char* file : {"shop.crt", "shop.key", "shop.ocsp", "clients.pem", "servers.pem",
                             "sluice.crt", "sluice.key", "deny.txt", "allow.txt"}) {
      Write(file, "x");
    }
    Write("jwt.key", "a secret of thirty-two characters");
  }

  static constexpr std::string_view kOthers[] = {"listener.address = \"127.0.0.1:0\"",
                                                 "listener.tls.certificates.cert = \"shop.crt\"",
                                                 "listener.tls.certificates.key = \"shop.key\"",
                                                 "listener.tls.client_certificates = \"required\"",
                                                 "pool.name = \"web\"",
                                                 "pool.servers.address = \"a:1\"",
                                                 "pool.tls.cert = \"sluice.crt\"",
                                                 "pool.tls.key = \"sluice.key\"",
                                                 "pool.health.path = \"/healthz\"",
                                                 "route.pool = \"web\"",
                                                 "route.match.path_prefix = \"/x\"",
                                                 "route.redirect.to = \"/\"",
                                                 "route.limits.name = \"per-client\"",
                                                 "limit.name = \"per-client\"",
                                                 "limit.rate = \"20/s\"",
                                                 "limit.action = \"delay\"",
                                                 "limit.scope = \"fleet\"",
                                                 "waiting_room.name = \"sale\"",
                                                 "waiting_room.bypass.path_prefix = \"/static\"",
                                                 "event.name = \"friday\"",
                                                 "event.start = 2026-11-27T09:00:00Z",
                                                 "event.end = 2026-11-27T12:00:00Z",
                                                 "event.waiting_room = \"sale\"",
                                                 "event.hook = \"/usr/local/bin/prescale\"",
                                                 "event.prequeue = \"30m\"",
                                                 "route.waiting_room = \"sale\"",
                                                 "jwt.secret = \"jwt.key\"",
                                                 "answer.status = 503",
                                                 "answer.html = \"x\"",
                                                 "store.url = \"redis://store\""};

  // A file with `key` set to `value` and just enough around it, and no two keys that exclude each
  // other.
  std::string FileWith(const Key& key, std::string_view value) {
    std::map<std::string, std::string> tables;
    Put(key.path, value, tables);
    for (const std::string_view other : kOthers) {
      const size_t split = other.find(" = ");
      const std::string_view path = other.substr(0, split);
      if (path == key.path || Excludes(key.path, path)) continue;
      Put(path, other.substr(split + 3), tables);
    }
    std::string text = tables[""];
    for (const auto& [section, keys] : tables) {
      if (section.empty()) continue;
      const bool many = FindSection(section)->many;
      text += many ? absl::StrFormat("[[%s]]\n%s", section, keys)
                   : absl::StrFormat("[%s]\n%s", section, keys);
    }
    return text;
  }

 private:
  static void Put(std::string_view path, std::string_view value,
                  std::map<std::string, std::string>& tables) {
    const std::string_view section = SectionOf(path);
    tables[std::string(SectionOf(section))];  // [[route]] comes before [route.match]
    tables[std::string(section)] += absl::StrFormat("%s = %s\n", LastName(path), value);
  }

  static bool Excludes(std::string_view key, std::string_view other) {
    const auto is = [](std::string_view path, std::string_view section) {
      return SectionOf(path) == section;
    };
    if (is(other, "route.redirect")) return !is(key, "route.redirect");
    if (other == "listener.tls.client_certificates") return key != "listener.tls.client_ca";
    if (other == "limit.action") return key != "limit.max_delay";
    if (other == "limit.scope") return key != "limit.when_silent";
    if (other == "jwt.secret") return !key.starts_with("jwt.");
    if (other == "store.url") return key != "store.password_file" && key != "limit.when_silent";
    if (other.starts_with("pool.tls.")) return !key.starts_with("pool.tls.");
    if (other.starts_with("pool.health.")) return !key.starts_with("pool.health.");
    if (other.starts_with("listener.tls.")) return !key.starts_with("listener.tls.");
    if (other.starts_with("waiting_room.bypass.")) {
      return !key.starts_with("waiting_room.bypass.") || key == "waiting_room.bypass.path";
    }
    if (other == "event.hook") return !key.starts_with("event.hook");
    if (other == "route.pool" || other == "route.waiting_room")
      return is(key, "route.redirect") || is(key, "route.respond");
    if (other == "route.match.path_prefix") return key == "route.match.path";
    if (other == "answer.html") return key == "answer.html_file";
    return false;
  }
};

TEST_F(SchemaTest, EveryDefaultInTheTableIsTheOneInTheConfig) {
  for (const Key& key : Keys()) {
    if (key.at == nullptr || !IsValue(key.fallback)) continue;
    Write("o.toml", FileWith(key, key.fallback));
    Config loaded = GoodFile("o.toml");
    Config plain;
    EXPECT_EQ(FormatField(key, key.at(ObjectOf(SectionOf(key.path), loaded))),
              FormatField(key, key.at(ObjectOf(SectionOf(key.path), plain))))
        << key.path;
  }
}

TEST_F(SchemaTest, KeysWithoutADefaultAreEmptyInTheConfig) {
  for (const Key& key : Keys()) {
    if (key.at == nullptr || IsValue(key.fallback)) continue;
    Config plain;
    EXPECT_THAT(FormatField(key, key.at(ObjectOf(SectionOf(key.path), plain))),
                testing::AnyOf("\"\"", "(none)", "0", "1970-01-01T00:00:00Z"))
        << key.path;
  }
}

TEST_F(SchemaTest, EveryKeyOfTheTableCanBeLoadedAndReachesTheConfig) {
  Write("routes.toml", "");
  Write("sorry.html", "<p>");
  Write("sorry.json", "{}");
  Write("servers.txt", "a:1");
  Write("admin.token", "0123456789abcdef");
  Write("store.password", "secret");
  Write("sticky.key", "0123456789abcdef");
  Write("waiting.html", "<p>");
  Write("waiting.fr.txt", "");
  Write("tickets.key", "a secret of thirty-two characters");
  for (const Key& key : Keys()) {
    Write("o.toml", FileWith(key, Sample(key)));
    Config loaded = GoodFile("o.toml");
    if (key.at == nullptr || key.type == Type::kFile || key.example.empty()) continue;
    Config plain;
    const std::string is = FormatField(key, key.at(ObjectOf(SectionOf(key.path), loaded)));
    const std::string was = FormatField(key, key.at(ObjectOf(SectionOf(key.path), plain)));
    EXPECT_NE(is, was) << key.path << " was not written";
  }
}

TEST_F(SchemaTest, EveryKeyHasALineOfDocumentationAndAnExample) {
  std::set<std::string_view> paths;
  for (const Key& key : Keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path << " is there twice";
    EXPECT_TRUE(key.doc.ends_with('.')) << key.path;
    EXPECT_EQ(key.doc.find('\n'), std::string_view::npos) << key.path;
    EXPECT_TRUE(IsValue(Sample(key))) << key.path << " needs an example";
    EXPECT_TRUE(SectionOf(key.path).empty() || FindSection(SectionOf(key.path)) != nullptr)
        << key.path;
  }
  for (const Section& section : Sections()) {
    EXPECT_TRUE(section.doc.ends_with('.')) << section.path;
    EXPECT_FALSE(NamesIn(section.path).empty()) << section.path;
    EXPECT_TRUE(paths.insert(section.path).second) << section.path << " is a key too";
  }
}

TEST_F(SchemaTest, EveryNumberHasBoundsThatFitItsField) {
  for (const Key& key : Keys()) {
    const bool number = key.type == Type::kCount || key.type == Type::kCountOrAuto ||
                        key.type == Type::kDuration || key.type == Type::kSize ||
                        key.type == Type::kByteRate;
    if (!number) continue;
    const std::optional<Bounds> bounds = BoundsOf(key);
    ASSERT_TRUE(bounds.has_value()) << key.path;
    EXPECT_LT(bounds->least, bounds->most) << key.path;
    Config config;
    const Field field = key.at(ObjectOf(SectionOf(key.path), config));
    if (std::holds_alternative<uint32_t*>(field)) {
      EXPECT_LE(bounds->most, std::numeric_limits<uint32_t>::max()) << key.path;
    }
    if (std::holds_alternative<int*>(field)) {
      EXPECT_LE(bounds->most, 0x7fffffffu) << key.path;
    }
  }
}

TEST_F(SchemaTest, EveryTypeMeetsAFieldThatItFits) {
  for (const Key& key : Keys()) {
    if (key.at == nullptr) continue;
    Config config;
    const Field field = key.at(ObjectOf(SectionOf(key.path), config));
    const auto holds = [&]<typename... T>() { return (std::holds_alternative<T>(field) || ...); };
    bool fits = false;
    switch (key.type) {
      case Type::kText:
        fits = holds.operator()<std::string*, std::optional<std::string>*>();
        break;
      case Type::kChoice:
        fits = holds.operator()<std::string*, bool*>();
        break;
      case Type::kFlag:
        fits = holds.operator()<bool*>();
        break;
      case Type::kCount:
        fits = holds.operator()<int*, uint32_t*>();
        break;
      case Type::kCountOrAuto:
        fits =
            holds.operator()<std::optional<uint32_t>*, std::optional<std::optional<uint32_t>>*>();
        break;
      case Type::kDuration:
        fits = holds.operator()<Duration*, std::optional<Duration>*>();
        break;
      case Type::kSize:
      case Type::kByteRate:
        fits = holds.operator()<uint64_t*>();
        break;
      case Type::kRate:
        fits = holds.operator()<std::optional<Rate>*>();
        break;
      case Type::kRateOrAuto:
        fits = holds.operator()<std::optional<Rate>*, std::optional<std::optional<Rate>>*>();
        break;
      case Type::kTime:
        fits = holds.operator()<Time*>();
        break;
      case Type::kTexts:
        fits = holds.operator()<Texts*>();
        break;
      case Type::kPairs:
        fits = holds.operator()<Pairs*>() && key.check != nullptr;
        break;
      case Type::kFieldMatches:
        fits = holds.operator()<std::vector<FieldMatch>*>() && key.check != nullptr;
        break;
      case Type::kFile:
        fits = holds.operator()<std::string*, File*>();
        break;
      case Type::kFiles:
        fits = holds.operator()<std::vector<File>*>();
        break;
    }
    EXPECT_TRUE(fits) << key.path;
  }
}

TEST_F(SchemaTest, StrategiesAreThoseThatTheBalancerHas) {
  std::vector<std::string_view> kinds;
  for (const balancer::PickerKind& kind : balancer::kPickerKinds) kinds.push_back(kind.name);
  EXPECT_THAT(ChoicesOf(*FindKey("pool.strategy")), testing::UnorderedElementsAreArray(kinds));
}

TEST_F(SchemaTest, PrioritiesAreThoseThatTheQueueHas) {
  EXPECT_THAT(ChoicesOf(*FindKey("route.priority")),
              testing::ElementsAreArray(ratelimit::kPriorityNames));
  for (size_t i = 0; i < ratelimit::kPriorityNames.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(ratelimit::PriorityNamed(ratelimit::kPriorityNames[i])), i);
  }
  EXPECT_EQ(ratelimit::PriorityNamed(Route().priority), ratelimit::Priority::kNormal);
}

TEST_F(SchemaTest, TitlesAreWrittenAsInTheFile) {
  EXPECT_EQ(TitleOf("pool"), "[[pool]]");
  EXPECT_EQ(TitleOf("admin"), "[admin]");
  EXPECT_EQ(TitleOf("route.match"), "'route.match'");
  EXPECT_EQ(TitleOf(""), "the file");
}

}  // namespace
}  // namespace sluice::conf
