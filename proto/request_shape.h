#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ringmaster::wire {

/// Most fields of one request, those of its parts included: what 64 arguments need, several times.
inline constexpr std::size_t kMaxRequestFields = 512;

/// What is wrong with the shape of a request, before it is decoded; empty: nothing. A field may be two bytes on the
/// wire and a hundred in memory, so it is fields that are counted. Bytes that are no fields are the decoder's matter.
[[nodiscard]] std::string check_shape(std::string_view body);

}  // namespace ringmaster::wire
