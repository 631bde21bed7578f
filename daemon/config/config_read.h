#pragma once

#include <string>
#include <vector>

#include "daemon/config/config_node.h"

/// The steps of parse_config, one file each: read (types and ranges of one key), check (keys against each other and
/// against this machine). All of them add to one list of problems and go on.
namespace ringmaster::config {

[[nodiscard]] DaemonConfig read_daemon(const Node& table, const World& world, std::vector<Problem>& problems);
[[nodiscard]] core::QuotaLimits read_limits(const Node& table, std::vector<Problem>& problems);
[[nodiscard]] PoolConfig read_pool(const std::string& name, const Node& table, const World& world,
                                   std::vector<Problem>& problems);

class TableReader;

/// Values that contradict each other or cannot be.
void check_pool_values(PoolConfig& pool, TableReader& reader);
/// Command, handlers, user, group and folder, looked up on this machine and resolved.
void resolve_pool(PoolConfig& pool, TableReader& reader, const World& world);

}  // namespace ringmaster::config
