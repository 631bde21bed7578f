#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config_load.h"

namespace ringmaster::config {

struct KeyedNode;

/// One value of a TOML document with its position. The rest of the configuration code sees nothing else of TOML.
struct Node {
  enum class Kind : std::uint8_t { Boolean, Integer, Float, String, Date, Array, Table };

  Kind kind = Kind::Table;
  bool boolean = false;
  std::int64_t integer = 0;
  double floating = 0;
  std::string text;             ///< String
  std::vector<Node> items;      ///< Array
  std::vector<KeyedNode> keys;  ///< Table, in the order of the file
  unsigned line = 0;            ///< of the key, if there is one
  unsigned column = 0;
};

struct KeyedNode {
  std::string key;
  Node node;
};

[[nodiscard]] const char* to_string(Node::Kind kind);

/// The document's root table. After a syntax error: an empty table, and a Problem is added.
[[nodiscard]] Node parse_toml(std::string_view text, std::vector<Problem>& problems);

}  // namespace ringmaster::config
