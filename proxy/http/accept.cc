#include "proxy/http/accept.h"

#include "proxy/base/text.h"

namespace sluice::http {
namespace {

// How much an Accept likes one type: by its most exact range.
struct Liking {
  int exactness = 0;  // 1: any type, 2: any subtype, 3: by name
  int weight = 0;

  void Consider(int other_exactness, int other_weight) {
    if (other_exactness > exactness) *this = {other_exactness, other_weight};
  }
  bool Over(const Liking& other) const {
    return weight != other.weight ? weight > other.weight : exactness > other.exactness;
  }
};

}  // namespace

int WeightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = CutNext(parameters, ';');
    if (parameter.size() < 3 || LowerChar(parameter[0]) != 'q' || parameter[1] != '=') continue;
    if (parameter[2] != '0') return 1000;
    int weight = 0;
    int unit = 100;
    for (size_t i = 4; i < parameter.size() && i < 7; ++i, unit /= 10) {
      if (parameter[i] < '0' || parameter[i] > '9') break;
      weight += (parameter[i] - '0') * unit;
    }
    return weight;
  }
  return 1000;
}

bool PrefersJson(std::string_view accept) {
  Liking html;
  Liking json;
  while (!accept.empty()) {
    std::string_view parameters = CutNext(accept, ',');
    const std::string_view range = CutNext(parameters, ';');
    const int weight = WeightOf(parameters);
    if (range == "*/*") html.Consider(1, weight), json.Consider(1, weight);
    if (EqualsIgnoreCase(range, "text/*")) html.Consider(2, weight);
    if (EqualsIgnoreCase(range, "text/html")) html.Consider(3, weight);
    if (EqualsIgnoreCase(range, "application/*")) json.Consider(2, weight);
    if (EqualsIgnoreCase(range, "application/json")) json.Consider(3, weight);
  }
  return json.Over(html);
}

}  // namespace sluice::http
