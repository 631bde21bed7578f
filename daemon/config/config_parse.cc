// The only file that includes toml++, which takes long to compile.
#define TOML_EXCEPTIONS 0
// toml++ 3.3 asserts (or, with NDEBUG, lets the optimizer assume) conditions that a bad file such as "[[[" breaks,
// before it reports the error. So assertions are compiled in, and do nothing.
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "daemon/config/config_node.h"

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
    node.keys.push_back({std::string{key.str()}, std::move(child)});
  }
  // toml++ sorts keys by name; pools and problems keep the order of the file.
  std::stable_sort(node.keys.begin(), node.keys.end(), [](const auto& a, const auto& b) {
    return std::pair{a.node.line, a.node.column} < std::pair{b.node.line, b.node.column};
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

bool beyond_ascii(char one) { return (static_cast<unsigned char>(one) & 0x80U) != 0; }

// The position after the string that begins at `at`; toml++ reports a string without an end. `escaped` is set to the
// position of a non-ASCII character that follows a backslash, perhaps after blanks and line ends.
std::size_t past_string(std::string_view text, std::size_t at, std::optional<std::size_t>& escaped) {
  const std::string_view quotes = text.substr(at, 3);
  const bool many_lines = quotes == "\"\"\"" || quotes == "'''";
  const std::string_view end = many_lines ? quotes : quotes.substr(0, 1);
  for (at += end.size(); at < text.size(); ++at) {
    if (text.substr(at).starts_with(end)) return at + end.size();
    if (!many_lines && text[at] == '\n') break;
    if (end.front() != '"' || text[at] != '\\') continue;
    const std::size_t next = many_lines ? text.find_first_not_of(" \t\r\n", at + 1) : at + 1;
    if (next >= text.size()) return text.size();
    if (beyond_ascii(text[next]) && !escaped) escaped = next;
    at = std::max(next - 1, at + 1);
  }
  return at;
}

Problem problem_at(std::string_view text, std::size_t at, const std::string& what) {
  const std::string_view before = text.substr(0, at);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return Problem{static_cast<unsigned>(std::count(before.begin(), before.end(), '\n')) + 1,
                 static_cast<unsigned>(at - line_begin) + 1, what, false};
}

std::string quoted_character(std::string_view text, std::size_t at) {
  const std::size_t length = std::max<std::size_t>(1, decode_character(text.substr(at)).length);
  return '"' + clean_quote(text.substr(at, length)) + '"';
}

// Finds texts that toml++ must not get. It limits how deeply values are nested, but not the dots of a key, each of
// which makes a table; and a non-ASCII character where it expects blanks (outside of quotes, or after a backslash)
// leads it to code that it declares unreachable.
std::optional<Problem> unreadable(std::string_view text) {
  constexpr unsigned kMostDots = 32;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  unsigned dots = 0;
  char before = '\n';  // the last character that was not a space
  for (std::size_t at = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; at < text.size();) {
    const char one = text[at];
    if (one == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    // A quote begins a string only at the start of a key or value.
    if ((one == '"' || one == '\'') && std::string_view("=,[{.\n").find(before) != std::string_view::npos) {
      std::optional<std::size_t> escaped;
      at = past_string(text, at, escaped);
      if (escaped) {
        return problem_at(text, *escaped,
                          "a backslash before " + quoted_character(text, *escaped) +
                              " cannot be read; leave it out, or write the character as \\uXXXX");
      }
      before = one;
      continue;
    }
    if (beyond_ascii(one))
      return problem_at(text, at, "not TOML: " + quoted_character(text, at) + " must be in quotes");
    dots = one == '.' ? dots + 1 : std::string_view("=,[]{}\n").find(one) != std::string_view::npos ? 0 : dots;
    if (dots > kMostDots) return problem_at(text, at, "a key with so many dots means nothing here; see --print-config");
    if (one != ' ' && one != '\t' && one != '\r') before = one;
    ++at;
  }
  return std::nullopt;
}

}  // namespace

Node parse_toml(std::string_view text, std::vector<Problem>& problems) {
  if (auto problem = unreadable(text)) {
    problems.push_back(std::move(*problem));
    return {};
  }
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    const auto& error = result.error();
    problems.push_back(Problem{error.source().begin.line, error.source().begin.column,
                               "not TOML: " + clean_quote(error.description(), 400), false});
    return {};
  }
  return convert(result.table());
}

}  // namespace ringmaster::config
