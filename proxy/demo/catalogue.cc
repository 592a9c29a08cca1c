#include "proxy/demo/catalogue.h"

#include "absl/strings/str_format.h"

namespace sluice::demo {

namespace {

constexpr Product kProducts[] = {
    {"Canal lantern", "light", 3450},       {"Brass lock key", "tool", 1890},
    {"Towpath boots", "clothing", 11900},   {"Miller's apron", "clothing", 2750},
    {"Weir thermos", "kitchen", 3200},      {"Lockkeeper's coat", "clothing", 18900},
    {"Barge kettle", "kitchen", 4990},      {"Reed basket", "home", 2400},
    {"Oak paddle", "tool", 6750},           {"Heron mug", "kitchen", 1450},
    {"Pocket sluice", "toy", 999},          {"Rope of hemp, 10 m", "tool", 1680},
    {"Water wheel kit", "toy", 4450},       {"Otter blanket", "home", 5600},
    {"Iron windlass", "tool", 8900},        {"Ferryman's cap", "clothing", 2990},
    {"Kingfisher print", "home", 3900},     {"Bulrush candle", "light", 1250},
    {"Tide clock", "home", 7450},           {"Skipper's notebook", "paper", 1190},
    {"Map of the waterways", "paper", 890}, {"Lamp oil, 1 l", "light", 1090},
    {"Enamel plate", "kitchen", 1320},      {"Model narrowboat", "toy", 5490},
};

}  // namespace

std::span<const Product> Catalogue() { return kProducts; }

const Product* FindProduct(uint64_t id) {
  return id >= 1 && id <= std::size(kProducts) ? &kProducts[id - 1] : nullptr;
}

std::string Price(uint64_t cents) { return absl::StrFormat("%d.%02d", cents / 100, cents % 100); }

}  // namespace sluice::demo
