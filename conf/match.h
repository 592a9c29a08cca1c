// The part of Config that says which requests are meant: by a route, or by a way past a waiting
// room. See config.h, which includes this.
#ifndef SLUICE_CONF_MATCH_H_
#define SLUICE_CONF_MATCH_H_

#include <string>
#include <vector>

namespace sluice::conf {

// "name" and "value"; value empty: present is enough.
struct FieldMatch {
  std::string name;
  std::string value;
  bool present_only = false;
};

struct Match {
  std::vector<std::string> host;  // "shop.example", "*.shop.example"; empty: any
  std::string path;               // exact
  std::string path_prefix;        // on segment borders: "/api" matches "/api" and "/api/x"
  std::vector<std::string> method;
  std::vector<FieldMatch> header;
  std::vector<FieldMatch> cookie;
  std::vector<FieldMatch> query;
};

}  // namespace sluice::conf

#endif  // SLUICE_CONF_MATCH_H_
