#pragma once

#include <chrono>
#include <cstdint>

#include "shm/layout.h"

/// The futex system call on words shared between processes (std::atomic::wait is process-private in libstdc++ 12).
namespace ringmaster::shm {

enum class FutexWait { Woken, Changed, TimedOut };

/// Sleeps while `word` == `expected`, at most `timeout`. Woken may be spurious (also after a signal).
FutexWait futex_wait(Word32& word, std::uint32_t expected, std::chrono::nanoseconds timeout) noexcept;
void futex_wake_all(Word32& word) noexcept;

}  // namespace ringmaster::shm
