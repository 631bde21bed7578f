#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/config/config_node.h"

namespace ringmaster::config {

/// Reads typed values from one table. A wrong type or value adds a Problem and keeps the default; `finish` reports
/// every key that was not read. `path` is the table's name in messages: "pool.images".
class TableReader {
 public:
  TableReader(const Node& table, std::string path, std::vector<Problem>& problems)
      : table_(table), path_(std::move(path)), problems_(problems) {}

  /// The node of `key`, which counts as read; nullptr: the key is absent.
  const Node* find(const std::string& key);
  /// `key` was called `old` in 0.1: the old name still works, with a warning. REQUIRES: `key` has not been read yet.
  void renamed(const std::string& old, const std::string& key);
  /// A sub-table; nullptr when absent or not a table.
  const Node* table(const std::string& key);

  void read(const std::string& key, std::string& value);
  void read(const std::string& key, core::Duration& value);
  void read(const std::string& key, core::Bytes& value);
  void read(const std::string& key, std::vector<std::string>& value);
  void read(const std::string& key, std::vector<std::uint32_t>& value);  ///< ids
  void read(const std::string& key, unsigned& value, unsigned least, unsigned most);
  void read(const std::string& key, int& value, int least, int most);
  void read(const std::string& key, std::uint64_t& value, std::uint64_t least);

  /// Adds a problem at `key`, or at the table if the key is absent.
  void complain(const std::string& key, const std::string& what);
  void complain_at(const Node& node, const std::string& key, const std::string& what);
  /// The same for something that this machine lacks; only a warning if the text is trusted.
  void missing(const std::string& key, const std::string& what, bool trusted);

  /// Reports unknown keys.
  void finish();

  [[nodiscard]] const Node& node() const noexcept { return table_; }

 private:
  [[nodiscard]] const Node* node_of(const std::string& key) const;
  bool holds_zero(const Node& node, const std::string& key);
  const Node* find_kind(const std::string& key, Node::Kind kind, const char* wanted);
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t least, std::int64_t most);

  const Node& table_;
  std::string path_;
  std::vector<Problem>& problems_;
  std::set<std::string> known_;
  std::map<std::string, std::string> old_names_;  ///< by the new one
};

}  // namespace ringmaster::config
