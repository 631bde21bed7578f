#include "daemon/config/config_table.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "daemon/config/config_units.h"

namespace ringmaster::config {

namespace {

// Limits the text of a problem: it quotes the file, where a value may have any length.
constexpr std::size_t kMost = 600;
constexpr std::size_t kLongest = 4 * kMost;

}  // namespace

const char* to_string(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::Boolean:
      return "a boolean";
    case Node::Kind::Integer:
      return "an integer";
    case Node::Kind::Float:
      return "a fraction";
    case Node::Kind::String:
      return "a string";
    case Node::Kind::Date:
      return "a date";
    case Node::Kind::Array:
      return "a list";
    case Node::Kind::Table:
      return "a table";
  }
  return "a value";
}

const Node* TableReader::node_of(const std::string& key) const {
  for (const auto& [name, node] : table_.keys) {
    if (name == key) return &node;
  }
  return nullptr;
}

const Node* TableReader::find(const std::string& key) {
  known_.insert(key);
  const auto old = old_names_.find(key);
  return node_of(old != old_names_.end() ? old->second : key);
}

void TableReader::renamed(const std::string& old, const std::string& key) {
  const Node* node = node_of(old);
  if (node == nullptr) return;
  old_names_.emplace(key, old);
  if (node_of(key) != nullptr)
    return complain_at(*node, old, "is the old name of " + key + ", which is there too; leave it out");
  complain_at(*node, old, "is called " + key + " now; the next version knows only that name");
  problems_.back().warning = true;
}

const Node* TableReader::find_kind(const std::string& key, Node::Kind kind, const char* wanted) {
  const Node* node = find(key);
  if (node == nullptr || node->kind == kind) return node;
  complain_at(*node, key, std::string{"must be "} + wanted + ", is " + to_string(node->kind));
  return nullptr;
}

const Node* TableReader::table(const std::string& key) { return find_kind(key, Node::Kind::Table, "a table"); }

// Reports a text with a zero byte: for the kernel a name would end there.
bool TableReader::holds_zero(const Node& node, const std::string& key) {
  if (node.text.find('\0') == std::string::npos) return false;
  complain_at(node, key, "cannot hold a zero byte");
  return true;
}

void TableReader::read(const std::string& key, std::string& value) {
  const Node* node = find_kind(key, Node::Kind::String, "a string");
  if (node != nullptr && !holds_zero(*node, key)) value = node->text;
}

void TableReader::read(const std::string& key, core::Duration& value) {
  const Node* node = find_kind(key, Node::Kind::String, "a duration in quotes, such as \"30s\"");
  if (node == nullptr) return;
  if (const auto duration = parse_duration(node->text)) {
    value = *duration;
  } else {
    complain_at(
        *node, key,
        "\"" + node->text + "\" is not a duration; write a whole number and ns, us, ms, s, m or h, such as \"250ms\"");
  }
}

void TableReader::read(const std::string& key, core::Bytes& value) {
  const Node* node = find_kind(key, Node::Kind::String, "a size in quotes, such as \"64MiB\"");
  if (node == nullptr) return;
  if (const auto size = parse_size(node->text)) {
    value = *size;
  } else {
    complain_at(
        *node, key,
        "\"" + node->text + "\" is not a size; write a whole number and B, KiB, MiB, GiB or TiB, such as \"64MiB\"");
  }
}

void TableReader::read(const std::string& key, std::vector<std::string>& value) {
  const Node* node = find_kind(key, Node::Kind::Array, "a list of strings");
  if (node == nullptr) return;
  value.clear();
  for (const auto& item : node->items) {
    if (item.kind == Node::Kind::String) {
      if (!holds_zero(item, key)) value.push_back(item.text);
    } else {
      complain_at(item, key, std::string{"must be a list of strings, holds "} + to_string(item.kind));
    }
  }
}

void TableReader::read(const std::string& key, std::vector<std::uint32_t>& value) {
  const Node* node = find_kind(key, Node::Kind::Array, "a list of numeric ids");
  if (node == nullptr) return;
  value.clear();
  for (const auto& item : node->items) {
    // The highest id means "none" for the kernel.
    if (item.kind == Node::Kind::Integer && item.integer >= 0 &&
        item.integer < std::numeric_limits<std::uint32_t>::max()) {
      value.push_back(static_cast<std::uint32_t>(item.integer));
    } else {
      complain_at(item, key, "must be a list of numeric ids (0 to 4294967294)");
    }
  }
}

std::optional<std::int64_t> TableReader::integer(const std::string& key, std::int64_t least, std::int64_t most) {
  const Node* node = find_kind(key, Node::Kind::Integer, "an integer");
  if (node == nullptr) return std::nullopt;
  if (node->integer >= least && node->integer <= most) return node->integer;
  complain_at(
      *node, key,
      std::to_string(node->integer) + " is out of range, " +
          (most == std::numeric_limits<std::int64_t>::max() ? "at least " + std::to_string(least)
                                                            : std::to_string(least) + " to " + std::to_string(most)));
  return std::nullopt;
}

void TableReader::read(const std::string& key, unsigned& value, unsigned least, unsigned most) {
  if (const auto n = integer(key, least, most)) value = static_cast<unsigned>(*n);
}

void TableReader::read(const std::string& key, int& value, int least, int most) {
  if (const auto n = integer(key, least, most)) value = static_cast<int>(*n);
}

void TableReader::read(const std::string& key, std::uint64_t& value, std::uint64_t least) {
  if (const auto n = integer(key, static_cast<std::int64_t>(least), std::numeric_limits<std::int64_t>::max())) {
    value = static_cast<std::uint64_t>(*n);
  }
}

void TableReader::complain(const std::string& key, const std::string& what) {
  const Node* node = find(key);
  complain_at(node != nullptr ? *node : table_, key, what);
}

void TableReader::missing(const std::string& key, const std::string& what, bool trusted) {
  complain(key, what);
  problems_.back().warning = trusted;
}

void TableReader::complain_at(const Node& node, const std::string& key, const std::string& what) {
  const std::string where = path_.empty() ? "" : "[" + path_ + "] ";
  problems_.push_back(
      Problem{node.line, node.column, shorten_text(clean_quote(where + key + ": " + what, kLongest), kMost), false});
}

void TableReader::finish() {
  const std::vector<std::string> candidates{known_.begin(), known_.end()};
  for (const auto& [key, node] : table_.keys) {
    const auto is_key = [&wanted = key](const auto& names) { return names.second == wanted; };
    if (known_.contains(key) || std::ranges::any_of(old_names_, is_key)) continue;
    const std::string meant = closest(key, candidates);
    complain_at(node, key,
                meant.empty() ? "no such key; see --print-config" : "no such key; did you mean \"" + meant + "\"?");
  }
}

}  // namespace ringmaster::config
