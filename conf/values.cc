#include "conf/values.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "conf/expand.h"
#include "conf/include.h"
#include "conf/nearest.h"
#include "conf/store_url.h"
#include "conf/units.h"

namespace sluice::conf {
namespace {

// Unless the key says otherwise: a page is sent in one piece; certificates are small.
constexpr uint64_t kLargestFile = 1 << 20;

constexpr Time kFirstTime{};
constexpr Time kEndOfTime = std::chrono::sys_days(std::chrono::year(2200) / 1 / 1);

// A text of the file, its variables filled in.
struct Text {
  std::string value;
  std::string shown;  // for messages: a value out of the environment may be a secret
  bool from_environment = false;
};

class ValueReader {
 public:
  ValueReader(const ValueContext& context, const Key& key) : context_(context), key_(key) {}

  void Set(const toml::node& node, Field field) {
    switch (key_.type) {
      case Type::kText:
        return SetText(node, field);
      case Type::kChoice:
        return SetChoice(node, field);
      case Type::kFlag:
        return SetFlag(node, field);
      case Type::kCount:
      case Type::kDuration:
      case Type::kSize:
      case Type::kByteRate:
        return SetNumber(node, field);
      case Type::kCountOrAuto:
        return IsAuto(node) ? AssignAuto(field) : SetNumber(node, field);
      case Type::kRate:
        return SetRate(node, field);
      case Type::kRateOrAuto:
        return IsAuto(node) ? AssignAuto(field) : SetRate(node, field);
      case Type::kTime:
        return SetTime(node, *std::get<Time*>(field));
      case Type::kTexts:
        return ReadList(node, *std::get<Texts*>(field), nullptr);
      case Type::kPairs:
        return SetPairs(node, *std::get<Pairs*>(field));
      case Type::kFieldMatches:
        return SetMatches(node, *std::get<std::vector<FieldMatch>*>(field));
      case Type::kFile:
        return SetFile(node, field);
      case Type::kFiles:
        return SetFiles(node, *std::get<std::vector<File>*>(field));
    }
  }

  void ReadList(const toml::node& node, Texts& texts, std::vector<Spot>* spots) {
    texts.clear();
    const auto add = [&](const toml::node& element) {
      std::optional<Text> text = ReadChecked(element);
      if (!text) return;
      texts.push_back(std::move(text->value));
      if (spots != nullptr) spots->push_back(context_.SpotOfNode(element));
    };
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& element : *array) add(element);
    } else if (node.is_string()) {
      add(node);
    } else {
      WrongType(node);
    }
  }

 private:
  void Wrong(const toml::node& node, std::string what) {
    context_.report.Wrong(context_.SpotOfNode(node), std::move(what));
  }
  void WrongText(const toml::node& node, const Text& text, std::string_view why) {
    Wrong(node, absl::StrFormat("%s: %s %s", key_.path, text.shown, why));
  }
  void WrongType(const toml::node& node) {
    const std::string choices = key_.type == Type::kChoice ? MayBe("", ChoicesOf(key_)) : "";
    Wrong(node, absl::StrFormat("%s is %s; it must be %s%s", key_.path, KindOf(node),
                                Describe(key_.type), choices));
  }

  std::optional<Text> ReadText(const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr) {
      WrongType(node);
      return std::nullopt;
    }
    absl::StatusOr<Expanded> expanded = Expand(text->get(), context_.sources.environment);
    if (!expanded.ok()) {
      Wrong(node, absl::StrFormat("%s: %s", key_.path, expanded.status().message()));
      return std::nullopt;
    }
    std::string shown =
        Quote(WithoutPassword(expanded->from_environment ? text->get() : expanded->value));
    return Text{std::move(expanded->value), std::move(shown), expanded->from_environment};
  }

  std::optional<Text> ReadChecked(const toml::node& node) {
    std::optional<Text> text = ReadText(node);
    if (!text || key_.check == nullptr) return text;
    const std::string why = key_.check(text->value);
    if (why.empty()) return text;
    WrongText(node, *text, why);
    return std::nullopt;
  }

  void SetText(const toml::node& node, Field field) {
    std::optional<Text> text = ReadChecked(node);
    if (!text) return;
    if (auto* maybe = std::get_if<std::optional<std::string>*>(&field)) {
      **maybe = std::move(text->value);
    } else {
      *std::get<std::string*>(field) = std::move(text->value);
    }
  }

  void SetChoice(const toml::node& node, Field field) {
    std::optional<Text> text = ReadText(node);
    if (!text) return;
    const std::vector<std::string_view> choices = ChoicesOf(key_);
    const auto found = std::find(choices.begin(), choices.end(), text->value);
    if (found == choices.end()) {
      const std::string may_be = MayBe(text->from_environment ? "" : text->value, choices);
      WrongText(node, *text, absl::StrFormat("is not known%s", may_be));
    } else if (auto* flag = std::get_if<bool*>(&field)) {
      **flag = found != choices.begin();
    } else {
      *std::get<std::string*>(field) = std::move(text->value);
    }
  }

  void SetFlag(const toml::node& node, Field field) {
    if (const auto* flag = node.as_boolean()) {
      *std::get<bool*>(field) = flag->get();
      return;
    }
    // A text only if it comes from the environment, which has nothing but texts.
    const std::optional<Text> text = node.is_string() ? ReadText(node) : std::nullopt;
    if (node.is_string() && !text) return;
    const bool known = text && (text->value == "true" || text->value == "false");
    if (!known || !text->from_environment) return WrongType(node);
    *std::get<bool*>(field) = text->value == "true";
  }

  // In the base unit of the type: 1, bytes, nanoseconds.
  std::optional<uint64_t> ReadNumber(const toml::node& node) {
    if (const auto* number = node.as_integer()) {
      if (number->get() < 0) {
        Wrong(node, absl::StrFormat("%s is %d, below zero%s", key_.path, number->get(), MustBe()));
        return std::nullopt;
      }
      // Bytes need no unit to be understood; a time does.
      if (key_.type == Type::kDuration && number->get() != 0) {
        Wrong(node, absl::StrFormat("%s is %d without a unit; it must be %s", key_.path,
                                    number->get(), Describe(key_.type)));
        return std::nullopt;
      }
      return static_cast<uint64_t>(number->get());
    }
    if (!node.is_string()) {
      WrongType(node);
      return std::nullopt;
    }
    const std::optional<Text> text = ReadText(node);
    if (!text) return std::nullopt;
    return ParseNumber(node, *text);
  }

  std::optional<uint64_t> ParseNumber(const toml::node& node, const Text& text) {
    absl::StatusOr<uint64_t> number = uint64_t{0};
    if (key_.type == Type::kDuration) {
      const absl::StatusOr<Duration> time = ParseDuration(text.value);
      number = time.ok() ? absl::StatusOr<uint64_t>(static_cast<uint64_t>(time->count()))
                         : absl::StatusOr<uint64_t>(time.status());
    } else if (key_.type == Type::kSize) {
      number = ParseSize(text.value);
    } else if (key_.type == Type::kByteRate) {
      number = ParseByteRate(text.value);
    } else {
      const char* const end = text.value.data() + text.value.size();
      const auto [rest, error] = std::from_chars(text.value.data(), end, *number);
      if (!text.from_environment || error != std::errc() || rest != end) {
        WrongType(node);
        return std::nullopt;
      }
    }
    if (number.ok()) return *number;
    const absl::string_view why = number.status().message();
    WrongText(node, text, std::string_view(why.data(), why.size()));
    return std::nullopt;
  }

  // "; it may be 1..10"
  std::string MustBe() const {
    return key_.allowed.empty() ? "" : absl::StrFormat("; it may be %s", key_.allowed);
  }

  void SetNumber(const toml::node& node, Field field) {
    const std::optional<uint64_t> number = ReadNumber(node);
    if (!number) return;
    const std::optional<Bounds> bounds = BoundsOf(key_);
    if (bounds && (*number < bounds->least || *number > bounds->most)) {
      Wrong(node, absl::StrFormat("%s is too %s%s", key_.path,
                                  *number < bounds->least ? "small" : "large", MustBe()));
      return;
    }
    Assign(*number, field);
  }

  static bool IsAuto(const toml::node& node) {
    return node.is_string() && node.as_string()->get() == "auto";
  }

  static void AssignAuto(Field field) {
    if (auto* maybe = std::get_if<std::optional<uint32_t>*>(&field)) (*maybe)->reset();
    if (auto* own = std::get_if<std::optional<std::optional<uint32_t>>*>(&field)) {
      (*own)->emplace(std::nullopt);
    }
    if (auto* maybe = std::get_if<std::optional<Rate>*>(&field)) (*maybe)->reset();
    if (auto* own = std::get_if<std::optional<std::optional<Rate>>*>(&field)) {
      (*own)->emplace(std::nullopt);
    }
  }

  static void Assign(uint64_t number, Field field) {
    const Duration time(static_cast<int64_t>(number));
    if (auto* as_int = std::get_if<int*>(&field)) **as_int = static_cast<int>(number);
    if (auto* as_32 = std::get_if<uint32_t*>(&field)) **as_32 = static_cast<uint32_t>(number);
    if (auto* maybe = std::get_if<std::optional<uint32_t>*>(&field)) {
      **maybe = static_cast<uint32_t>(number);
    }
    if (auto* own = std::get_if<std::optional<std::optional<uint32_t>>*>(&field)) {
      **own = static_cast<uint32_t>(number);
    }
    if (auto* as_64 = std::get_if<uint64_t*>(&field)) **as_64 = number;
    if (auto* as_time = std::get_if<Duration*>(&field)) **as_time = time;
    if (auto* maybe = std::get_if<std::optional<Duration>*>(&field)) **maybe = time;
  }

  void SetRate(const toml::node& node, Field field) {
    const std::optional<Text> text = ReadText(node);
    if (!text) return;
    const absl::StatusOr<Rate> parsed = ParseRate(text->value);
    if (!parsed.ok()) {
      const absl::string_view why = parsed.status().message();
      return WrongText(node, *text, std::string_view(why.data(), why.size()));
    }
    if (auto* own = std::get_if<std::optional<std::optional<Rate>>*>(&field)) {
      **own = *parsed;
    } else {
      *std::get<std::optional<Rate>*>(field) = *parsed;
    }
  }

  void SetTime(const toml::node& node, Time& time) {
    const auto* value = node.as_date_time();
    if (value == nullptr) {
      return Wrong(node, absl::StrFormat("%s is %s; it must be %s", key_.path, KindOf(node),
                                         Describe(Type::kTime)));
    }
    const toml::date_time& written = value->get();
    const std::chrono::year_month_day day(std::chrono::year(written.date.year),
                                          std::chrono::month(written.date.month),
                                          std::chrono::day(written.date.day));
    const Time on_the_clock = std::chrono::sys_days(day) + std::chrono::hours(written.time.hour) +
                              std::chrono::minutes(written.time.minute) +
                              std::chrono::seconds(written.time.second);
    if (!written.offset) {
      std::string text = FormatTime(on_the_clock);
      text.pop_back();
      return Wrong(node, absl::StrFormat("%s has no offset, so nobody knows on whose clock; write "
                                         "%sZ for UTC, or %s+01:00 for one hour before it",
                                         key_.path, text, text));
    }
    if (written.time.nanosecond != 0) {
      return Wrong(node, absl::StrFormat("%s has a fraction of a second; leave it out", key_.path));
    }
    const Time moment = on_the_clock - std::chrono::minutes(written.offset->minutes);
    if (moment < kFirstTime || moment >= kEndOfTime) {
      return Wrong(node, absl::StrFormat("%s is %s; it may be from 1970 to 2199", key_.path,
                                         FormatTime(moment)));
    }
    time = moment;
  }

  // The entries of a table in the order in which they were written (toml++ sorts them by name).
  std::vector<std::pair<const toml::key*, const toml::node*>> Entries(const toml::node& node) {
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    if (!node.is_table()) WrongType(node);
    if (!node.is_table()) return entries;
    for (const auto& [name, value] : *node.as_table()) entries.emplace_back(&name, &value);
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      const toml::source_position& x = a.first->source().begin;
      const toml::source_position& y = b.first->source().begin;
      return std::pair(x.line, x.column) < std::pair(y.line, y.column);
    });
    return entries;
  }

  bool CheckEntryName(const toml::key& name) {
    const std::string why = key_.check(name.str());
    if (why.empty()) return true;
    context_.report.Wrong(SpotOf(name.source(), context_.file),
                          absl::StrFormat("%s: %s %s", key_.path, Quote(name.str()), why));
    return false;
  }

  std::optional<Text> ReadEntryValue(const toml::key& name, const toml::node& node) {
    std::optional<Text> text = ReadText(node);
    if (!text) return std::nullopt;
    const std::string why = CheckFieldValue(text->value);
    if (why.empty()) return text;
    Wrong(node, absl::StrFormat("%s: the value of %s %s", key_.path, name.str(), why));
    return std::nullopt;
  }

  void SetPairs(const toml::node& node, Pairs& pairs) {
    for (const auto& [name, value] : Entries(node)) {
      if (!CheckEntryName(*name)) continue;
      std::optional<Text> text = ReadEntryValue(*name, *value);
      if (text) pairs.emplace_back(std::string(name->str()), std::move(text->value));
    }
  }

  void SetMatches(const toml::node& node, std::vector<FieldMatch>& matches) {
    if (node.is_string()) {
      std::optional<Text> name = ReadChecked(node);
      if (name) matches.push_back({std::move(name->value), "", /*present_only=*/true});
      return;
    }
    for (const auto& [name, value] : Entries(node)) {
      if (!CheckEntryName(*name)) continue;
      FieldMatch match;
      match.name = std::string(name->str());
      if (const auto* flag = value->as_boolean()) {
        if (!flag->get()) {
          Wrong(*value, absl::StrFormat("%s: false has no meaning; write the value that %s must "
                                        "have, or true if it need only be there",
                                        key_.path, name->str()));
          continue;
        }
        match.present_only = true;
      } else {
        std::optional<Text> text = ReadEntryValue(*name, *value);
        if (!text) continue;
        if (text->value.empty()) {
          Wrong(*value, absl::StrFormat("%s: the value of %s is empty; write true if it need only "
                                        "be there",
                                        key_.path, name->str()));
          continue;
        }
        match.value = std::move(text->value);
      }
      matches.push_back(std::move(match));
    }
  }

  std::optional<File> ReadFile(const toml::node& node) {
    const std::optional<Text> name = ReadChecked(node);
    if (!name) return std::nullopt;
    std::string path = PathBeside(context_.report.file(context_.file), name->value);
    absl::StatusOr<std::string> read = context_.sources.read_file(path);
    if (!read.ok()) {
      WrongText(node, *name, absl::StrFormat("cannot be read: %s", read.status().message()));
      return std::nullopt;
    }
    if (const uint64_t most = BoundsOf(key_).value_or(Bounds{0, kLargestFile}).most;
        read->size() > most) {
      WrongText(node, *name, absl::StrFormat("is too large; it may have %d bytes", most));
      return std::nullopt;
    }
    return File{std::move(path), *std::move(read)};
  }

  void SetFile(const toml::node& node, Field field) {
    std::optional<File> file = ReadFile(node);
    if (!file) return;
    if (auto* const* whole = std::get_if<File*>(&field)) {
      **whole = *std::move(file);
    } else {
      *std::get<std::string*>(field) = std::move(file->content);
    }
  }

  void SetFiles(const toml::node& node, std::vector<File>& files) {
    files.clear();
    const auto add = [&](const toml::node& element) {
      if (std::optional<File> file = ReadFile(element)) files.push_back(*std::move(file));
    };
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& element : *array) add(element);
    } else if (node.is_string()) {
      add(node);
    } else {
      WrongType(node);
    }
  }

  const ValueContext& context_;
  const Key& key_;
};

}  // namespace

void SetValue(const ValueContext& context, const Key& key, const toml::node& node, Field field) {
  ValueReader(context, key).Set(node, field);
}

void ReadTexts(const ValueContext& context, const Key& key, const toml::node& node, Texts& texts,
               std::vector<Spot>* spots) {
  ValueReader(context, key).ReadList(node, texts, spots);
}

std::string_view KindOf(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time of day";
    case toml::node_type::date_time:
      return "a date and time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

}  // namespace sluice::conf
