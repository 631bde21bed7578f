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

/// How a result's name is made of its input's.
struct ExtensionRule {
  enum class How : std::uint8_t { Keep, Append, Replace, Drop };
  How how = How::Keep;
  std::string extension;  ///< without dot; with Replace "": the input's is dropped
  /// Extensions that would say of a result what it is not, in lower case.
  std::vector<std::string> lies;
  bool as_input = false;  ///< results are of their input's format: its own extension is no lie
};
/// By the handler's description: a fixed extension is put behind the whole name (a.txt -> a.txt.zst); "{name}" becomes
/// that argument's value or default and replaces the input's (a.png -> a.webp; jpeg is written jpg);
/// "{name:value=+zst,other=-zst}" puts it behind or drops it by the argument's value (a.txt.zst -> a.txt, a.tzst ->
/// a.tar, in any letter case); nothing, or an argument without a value: the input's name. `chosen` (--ext) replaces the
/// input's, or drops it if empty.
[[nodiscard]] ExtensionRule extension_rule(const HandlerDescription& handler, const Arguments& arguments,
                                           const std::optional<std::string>& chosen);

/// The file name of the result of `input`. An Error: nothing would be left of it, or it would lie.
[[nodiscard]] Result<std::string> output_name(const std::string& input, const ExtensionRule& rule);

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
