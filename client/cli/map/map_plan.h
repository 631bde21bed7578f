#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"

/// Plans a `map`: which result file belongs to which input. Pure: looks at names and sizes, not at the disk.
namespace ringmaster::cli {

struct MapItem {
  std::string input;
  std::string output;        ///< path
  std::uint64_t bytes = 0;   ///< of the input
  std::uint64_t result = 0;  ///< bytes that its result needs, if known; 0: by the handler's rule
};

/// How a result's name is made from its input's.
struct ExtensionRule {
  enum class How : std::uint8_t { Keep, Append, Replace, Drop };
  How how = How::Keep;
  std::string extension;  ///< without dot; with Replace "": the input's is dropped
  /// Extensions that would be wrong for a result, in lower case.
  std::vector<std::string> lies;
  bool as_input = false;  ///< results have their input's format, so its own extension is right
};
/// The rule by the handler's description. A fixed extension is appended to the whole name (a.txt -> a.txt.zst).
/// "{name}" replaces the input's extension by that argument's value or default (a.png -> a.webp; jpeg is written jpg).
/// "{name:value=+zst,other=-zst}" appends or removes it by the argument's value (a.txt.zst -> a.txt, a.tzst -> a.tar,
/// in upper or lower case). Without an extension, or without a value: the input's name. `chosen` (--ext) replaces the
/// input's extension, or drops it if empty.
[[nodiscard]] ExtensionRule extension_rule(const HandlerDescription& handler, const Arguments& arguments,
                                           const std::optional<std::string>& chosen);

/// The file name of the result of `input`. An Error if the name would be empty or have a wrong extension.
[[nodiscard]] Result<std::string> output_name(const std::string& input, const ExtensionRule& rule);

/// One line for each two inputs with the same output and for each output that is an input; empty: none.
[[nodiscard]] std::vector<std::string> find_collisions(const std::vector<MapItem>& items);

/// Ring sizes and slots for a run of `map`.
struct MapRoom {
  std::uint64_t request_ring = 0;
  std::uint64_t result_ring = 0;
};
[[nodiscard]] MapRoom plan_room(const std::vector<MapItem>& items, const HandlerDescription* handler,
                                std::size_t in_flight, const PoolHandlers& pool);

[[nodiscard]] std::uint64_t whole_pages(std::uint64_t bytes) noexcept;
/// True if the pool's limits allow a session with room for a result of `bytes`.
[[nodiscard]] bool fits_pool(std::uint64_t bytes, const PoolHandlers& pool) noexcept;

}  // namespace ringmaster::cli
