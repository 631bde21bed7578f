#pragma once

#include <cstdint>

#include "daemon/link/deposit.h"

/// What a supervisor finds at kInheritedTableFd: header, deposits, workers, exits, back to back in a sealed memfd.
namespace ringmaster::keeper {

inline constexpr std::uint64_t kTableMagic = 0x31454c4241544d52;  // "RMTABLE1"

enum class WorkerState : std::uint32_t { Starting = 1, Running = 2, Dying = 3 };  ///< Dying: dead or killed, not fenced

struct InheritedHeader {
  std::uint64_t magic = kTableMagic;
  std::uint32_t version = kLinkVersion;
  std::uint32_t supervisor = 0;  ///< which supervisor of this keeper it is, from 1
  std::uint32_t deposits = 0;
  std::uint32_t workers = 0;
  std::uint32_t exits = 0;
  std::uint32_t cold = 0;  ///< 1: all workers are killed and fenced, sessions are to be ended as lost
};

struct InheritedDeposit {
  DepositLabel label;
  std::int32_t fd = -1;
};

struct InheritedWorker {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::int32_t pid = 0;
  std::int32_t pidfd = -1;  ///< also among the deposits, as WorkerPidfd
  std::uint32_t state = 0;  ///< WorkerState
  std::uint32_t reserved = 0;
};

/// A worker's end, sent only when it is fenced: reaped, and no descendant of it is left that could write to anything.
/// Sent once to each supervisor until acknowledged (a successor finds it in its inherited table instead).
struct ExitRecord {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::int32_t pid = 0;
  std::int32_t code = 0;             ///< CLD_EXITED, CLD_KILLED, CLD_DUMPED
  std::int32_t status = 0;           ///< exit code or signal
  std::uint32_t orphans_killed = 0;  ///< descendants killed after it, by the sweep in which its fence completed
  std::uint64_t died_at_ns = 0;      ///< CLOCK_MONOTONIC when the keeper saw the death
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
  std::uint64_t max_rss_kib = 0;
};

static_assert(sizeof(InheritedDeposit) == 16 && sizeof(InheritedHeader) == 32 && sizeof(ExitRecord) == 56);

}  // namespace ringmaster::keeper
