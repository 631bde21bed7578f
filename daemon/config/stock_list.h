#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/world.h"

/// What "all" and the stock names of handlers mean on a machine. Kept as text with the configuration, so that a
/// successor has the same handlers even after an upgrade.
namespace ringmaster::config {

/// The names of all .so files in the first folder that has any, and that folder.
struct StockList {
  std::string folder;
  std::vector<std::string> names;  ///< without ".so"; empty: there are none
};
[[nodiscard]] StockList stock_list(const World& world);

/// Empty: there are no stock handlers.
[[nodiscard]] std::string to_text(const StockList& stock);
/// From now on `world` has exactly the stock handlers of this text. An empty text changes nothing.
void set_stock_list(World& world, std::string_view text);

}  // namespace ringmaster::config
