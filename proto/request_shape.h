#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringmaster::wire {

/// The most fields of one request, nested messages included: several times what 64 arguments need.
inline constexpr std::size_t kMaxRequestFields = 512;

/// What is wrong with the shape of a request, found before it is decoded; empty: nothing. Fields are counted because
/// one may take two bytes on the wire and a hundred in memory. Malformed bytes are left to the decoder.
[[nodiscard]] std::string check_shape(std::string_view body);

}  // namespace ringmaster::wire
