#pragma once

#include <string_view>

namespace ringmaster::fuzz {

/// Whether `text` is one JSON value by RFC 8259 and nothing else: for what programs will read.
[[nodiscard]] bool is_json(std::string_view text);

}  // namespace ringmaster::fuzz
