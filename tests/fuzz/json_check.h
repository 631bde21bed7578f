#pragma once

#include <string_view>

namespace ringmaster::fuzz {

/// True if `text` is exactly one JSON value by RFC 8259.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace ringmaster::fuzz
