#pragma once

#include <cstdint>

namespace ringmaster {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };
enum class LogFormat : std::uint8_t { Auto, Human, KeyValue, Json };  ///< Auto: Human on a terminal, else KeyValue

}  // namespace ringmaster
