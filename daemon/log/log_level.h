#pragma once

#include <cstdint>

namespace ringmaster::daemon {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };
/// Auto: Journal if standard error is the journal's, Human on a terminal, else KeyValue.
enum class LogFormat : std::uint8_t { Auto, Human, KeyValue, Json, Journal };

}  // namespace ringmaster::daemon
