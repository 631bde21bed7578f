#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.h"

namespace ringmaster::config {

/// "30s", "250ms", "50us", "2m", "1h", "0s"; whole numbers, at most 10 years. nullopt: not a duration.
[[nodiscard]] std::optional<core::Duration> parse_duration(std::string_view text);

/// "64MiB", "512KiB", "1GiB", "2TiB", "100B"; at most 2^62. nullopt: not a size.
[[nodiscard]] std::optional<core::Bytes> parse_size(std::string_view text);

/// "0660", octal, permission bits only.
[[nodiscard]] std::optional<unsigned> parse_mode(std::string_view text);

/// The candidate that is most similar to `word`; empty if none is similar enough.
[[nodiscard]] std::string closest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace ringmaster::config
