// The only unit that sees toml++: it takes long to compile.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>

#include "daemon/supervisor/config_node.h"

namespace ringmaster::config {
namespace {

Node convert(const toml::node& from);

void place(Node& node, const toml::source_region& at) {
  node.line = at.begin.line;
  node.column = at.begin.column;
}

void convert_table(const toml::table& from, Node& node) {
  node.kind = Node::Kind::Table;
  for (const auto& [key, value] : from) {
    Node child = convert(value);
    if (key.source().begin.line > 0) place(child, key.source());
    node.keys.emplace_back(std::string{key.str()}, std::move(child));
  }
  // toml++ sorts keys by name; pools and problems keep the order of the file.
  std::stable_sort(node.keys.begin(), node.keys.end(), [](const auto& a, const auto& b) {
    return std::pair{a.second.line, a.second.column} < std::pair{b.second.line, b.second.column};
  });
}

Node convert(const toml::node& from) {
  Node node;
  place(node, from.source());
  if (const auto* table = from.as_table()) {
    convert_table(*table, node);
  } else if (const auto* array = from.as_array()) {
    node.kind = Node::Kind::Array;
    for (const auto& item : *array) node.items.push_back(convert(item));
  } else if (const auto* text = from.as_string()) {
    node.kind = Node::Kind::String;
    node.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    node.kind = Node::Kind::Integer;
    node.integer = integer->get();
  } else if (const auto* floating = from.as_floating_point()) {
    node.kind = Node::Kind::Float;
    node.floating = floating->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.kind = Node::Kind::Boolean;
    node.boolean = boolean->get();
  } else {
    node.kind = Node::Kind::Date;
  }
  return node;
}

}  // namespace

Node parse_toml(std::string_view text, std::vector<Problem>& problems) {
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const auto& error = result.error();
    problems.push_back(Problem{error.source().begin.line, error.source().begin.column,
                               "not TOML: " + std::string{error.description()}, false});
    return {};
  }
  return convert(result.table());
}

}  // namespace ringmaster::config
