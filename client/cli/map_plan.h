#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"

/// Which file `map` makes of which. Pure: looks at names and sizes, not at the disk.
namespace ringmaster::cli {

struct MapItem {
  std::string input;
  std::string output;        ///< path
  std::uint64_t bytes = 0;   ///< of the input
  std::uint64_t result = 0;  ///< room that its result is known to need; 0: by the handler's rule
};

/// The extension of results, without dot, and whether it stands in place of the input's or behind it.
struct ExtensionRule {
  std::string extension;  ///< empty: the input's name as it is
  bool replaces = false;  ///< also by nothing
};
/// `chosen` (--ext) replaces the input's, or drops it if empty. Else by the handler's description: a fixed extension is
/// put behind the whole name (a.txt -> a.txt.zst), or dropped if it is there (a.txt.zst -> a.txt); "{name}" becomes
/// that argument's value or default and replaces the input's (a.png -> a.webp; jpeg is written jpg); nothing, or an
/// argument without a value: the input's name.
[[nodiscard]] ExtensionRule extension_rule(const HandlerDescription& handler, const Arguments& arguments,
                                           const std::optional<std::string>& chosen);

/// The file name of the result of `input`.
[[nodiscard]] std::string output_name(const std::string& input, const ExtensionRule& rule);

/// Every two inputs that would write one file, and every output that is an input, one line each; empty: none.
[[nodiscard]] std::vector<std::string> find_collisions(const std::vector<MapItem>& items);

/// Ring sizes and slots for a run of `map`.
struct MapRoom {
  std::uint64_t request_ring = 0;
  std::uint64_t result_ring = 0;
};
[[nodiscard]] MapRoom plan_room(const std::vector<MapItem>& items, const HandlerDescription* handler,
                                std::size_t in_flight, const PoolHandlers& pool);

[[nodiscard]] std::uint64_t whole_pages(std::uint64_t bytes) noexcept;
/// Whether some session of the pool may have room for a result of `bytes`.
[[nodiscard]] bool fits_pool(std::uint64_t bytes, const PoolHandlers& pool) noexcept;

}  // namespace ringmaster::cli
