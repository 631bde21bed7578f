#pragma once

#include <string>
#include <vector>

#include "daemon/config/config_node.h"

/// The steps of parse_config, one file each: read (type and range of each key) and check (keys against each other and
/// against this machine). All add to one list of problems and go on.
namespace ringmaster::config {

[[nodiscard]] DaemonConfig read_daemon(const Node& table, const World& world, std::vector<Problem>& problems);
[[nodiscard]] core::QuotaLimits read_limits(const Node& table, std::vector<Problem>& problems);
[[nodiscard]] PoolConfig read_pool(const std::string& name, const Node& table, const World& world,
                                   std::vector<Problem>& problems);

class TableReader;

/// Finds values that contradict each other or are impossible.
void check_pool_values(PoolConfig& pool, TableReader& reader);
/// Looks up command, handlers, user, group and folder on this machine.
void resolve_pool(PoolConfig& pool, TableReader& reader, const World& world);

}  // namespace ringmaster::config
