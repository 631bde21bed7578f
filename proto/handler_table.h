#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/args.h"

namespace ringmaster {

enum class ArgumentType : std::uint8_t { Text = 1, Integer = 2, Real = 3, Boolean = 4, Choice = 5 };

[[nodiscard]] std::string_view to_string(ArgumentType type);

/// One argument of a handler, as `ringmaster handlers` shows it and `check_arguments` enforces it.
struct ArgumentDescription {
  std::string name;
  ArgumentType type = ArgumentType::Text;
  bool required = false;
  std::string default_value;            ///< Shown only; the handler applies it. Empty: none.
  std::string help;                     ///< One line.
  std::vector<std::string> choices;     ///< For Choice; else empty.
  std::optional<std::int64_t> minimum;  ///< For Integer; inclusive.
  std::optional<std::int64_t> maximum;
};

/// A worker's description of one of its handlers. Checked here and passed on to clients.
struct HandlerDescription {
  std::string name;     ///< A name (base/text.h); it and its handler_id() are unique in the pool.
  std::string summary;  ///< One line.
  std::vector<ArgumentDescription> arguments;

  /// Default capacity of a result: result_constant + result_factor * request bytes (see default_result_bytes()).
  std::uint64_t result_constant = 4096;
  double result_factor = 0;
  std::uint64_t max_request_bytes = 0;  ///< 0: no limit of its own.

  /// Extension of a file made from the result, without dot or '/', as worker/handler.h describes it; empty: the
  /// input's.
  std::string output_extension;

  /// The handler checks Job::cancelled(), so it gets the pool's grace period before its worker is killed.
  bool listens_to_cancel = false;
  /// The handler tolerates a request that changes while it is read, so large ones of other uids need not be copied.
  bool change_safe = false;
  /// May run twice for one job: `ringmaster map` then asks for retries. A hint for clients.
  bool idempotent = false;
  /// Its worker can read requests that lie in memory files of their own: no older library can.
  bool takes_parcels = false;
};

inline constexpr std::size_t kMaxHandlers = 256;
inline constexpr std::size_t kMaxHandlerTableBytes = 256 * 1024;

/// The whole table as bytes; see proto/PROTOCOL.md. Fails on whatever decode_handlers would refuse.
[[nodiscard]] Result<std::vector<std::byte>> encode_handlers(std::span<const HandlerDescription> handlers);

/// Decodes hostile bytes. In the result names, texts, counts and factor are in range, and no two names or ids are
/// equal.
[[nodiscard]] Result<std::vector<HandlerDescription>> decode_handlers(std::span<const std::byte> bytes);

/// The checks of encode and decode: bad or repeated names, colliding ids, texts too long, …
[[nodiscard]] Result<void> check_handlers(std::span<const HandlerDescription> handlers);

/// Fails when an argument is unknown, missing, or not of its type; the message names handler, argument and what is
/// allowed. The worker calls it on its private copy before the handler runs, clients before they submit.
[[nodiscard]] Result<void> check_arguments(const HandlerDescription& handler, std::span<const ArgumentView> arguments);

namespace handler_table_detail {
inline constexpr std::uint64_t kMaxDefaultResult = std::numeric_limits<std::uint64_t>::max() / 2;
[[nodiscard]] std::uint64_t scaled_result_bytes(const HandlerDescription& handler, std::uint64_t request_bytes);
}  // namespace handler_table_detail

/// The result capacity for a request of `request_bytes` if the caller names none. Saturates.
[[nodiscard]] inline std::uint64_t default_result_bytes(const HandlerDescription& handler,
                                                        std::uint64_t request_bytes) {
  // Most handlers scale nothing, and each job asks.
  if (request_bytes != 0 && handler.result_factor != 0)
    return handler_table_detail::scaled_result_bytes(handler, request_bytes);
  return std::min(handler.result_constant, handler_table_detail::kMaxDefaultResult);
}

}  // namespace ringmaster
