#pragma once

#include <cstddef>
#include <cstdint>

/// What the keeper holds for the supervisor and under which labels, and the limits that both sides share.
namespace ringmaster::keeper {

inline constexpr std::uint16_t kLinkVersion = 1;
inline constexpr int kSupervisorLinkFd = 3;
inline constexpr int kInheritedTableFd = 4;

inline constexpr std::size_t kMaxMessage = 65536;   ///< bytes of the largest packet, either way
inline constexpr std::size_t kMaxDeposits = 16384;  ///< descriptors that the keeper holds for the supervisor
inline constexpr std::size_t kMaxWorkers = 2048;    ///< workers alive plus exits not yet acknowledged
inline constexpr std::size_t kMaxDepositsPerMessage = 8;
inline constexpr std::size_t kMaxWorkerFds = 8;  ///< become descriptors 0..7 of the worker
inline constexpr std::size_t kMaxSpawnRlimits = 16;
inline constexpr std::size_t kMaxSpawnGroups = 64;      ///< supplementary ones
inline constexpr std::size_t kMaxSpawnStrings = 49152;  ///< bytes of path, cwd, argv and env with their NULs
inline constexpr std::size_t kMaxSpawnArgs = 512;       ///< argv entries
inline constexpr std::size_t kMaxSpawnEnv = 1024;       ///< environment entries
inline constexpr std::size_t kMaxNotifyText = 512;

inline constexpr std::uint64_t kAskAfterNs = 5'000'000'000;     ///< how often a supervisor is asked whether it lives
inline constexpr std::uint64_t kAnswerLimitNs = 5'000'000'000;  ///< after so much silence the supervisor is killed

/// Exit codes of the supervisor that the keeper knows. After any other end it starts a successor. kExitStopped counts
/// only after a Beat with Phase::Stopping. The others count only until the first supervisor of this keeper has been
/// Serving: then the keeper ends with the same code.
inline constexpr int kExitStopped = 0;
inline constexpr int kExitUnavailable = 69;  ///< this machine cannot run it: a kernel feature is missing
inline constexpr int kExitSocket = 73;       ///< the socket is taken by a live daemon, or cannot be made
inline constexpr int kExitConfig = 78;       ///< the configuration is wrong

/// What a deposited descriptor is. The keeper never looks inside; the column tells what `a` and `b` of the label mean.
/// The number of a kind never changes its meaning; 23 to 31 are free.
enum class DepositKind : std::uint16_t {
  None = 0,
  Listener = 1,  ///< a: index; b: 1 when it was passed by systemd (never unlink), 0 when the supervisor made it
  Lock = 2,      ///< a: 0: the lock file beside the socket; 1: the FIFO that shows that a daemon serves it
  Ledger = 3,    ///< memfd; a: pool index or 0
  Board = 4,     ///< a: pool
  PoolBell = 5,  ///< a: pool
  Lane = 6,      ///< a: worker id, b: incarnation; so for all Worker* kinds
  Control = 7,
  WorkerSocket = 8,  ///< the supervisor's end of the worker's control socket
  WorkerStdout = 9,  ///< read ends
  WorkerStderr = 10,
  WorkerPidfd = 11,  ///< never deposited: the keeper adds one itself for each worker it spawns, gone with ExitAck
  Request = 12,      ///< a: session serial, b: session index; so for the next three
  Reply = 13,
  SessionBell = 14,
  Lifeline = 15,
  Config = 16,        ///< memfd with the configuration's text as first loaded: what a successor uses
  WorkerCgroup = 17,  ///< the cgroup directory given with Spawn; the keeper adds it itself
  Handlers = 18,      ///< memfd with a pool's encoded handler table; a: pool
  PoolText = 19,      ///< memfd with what a created pool is made from; a: pool, b: its text serial; so for the next
  PoolLifeline = 20,
  Spilled = 21,  ///< memfd with a result that outgrew its extent; a: session serial, b: the job's seq
  Parcel = 22,   ///< memfd with a request that is larger than its ring; a: session serial, b: its number
};
inline constexpr std::uint16_t kMaxDepositKind = 31;

struct DepositLabel {
  std::uint16_t kind = 0;  ///< DepositKind
  std::uint16_t reserved = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  friend bool operator==(const DepositLabel&, const DepositLabel&) = default;
};

static_assert(sizeof(DepositLabel) == 12);

}  // namespace ringmaster::keeper
