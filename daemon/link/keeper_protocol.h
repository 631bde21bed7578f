#pragma once

#include <cstdint>

#include "daemon/link/deposit.h"
#include "daemon/link/inherited_table.h"
#include "daemon/link/message_header.h"
#include "daemon/os/child/spawn_stage.h"

/// The link between the keeper and the supervisor that it started: an AF_UNIX SOCK_SEQPACKET pair, one struct of this
/// file per packet, in host byte order (both programs come from one build and run on one machine).
///
/// The supervisor finds its end at kSupervisorLinkFd and the inherited table at kInheritedTableFd. Every deposited
/// descriptor is open in it under the number in the table. daemon/keeper/DESIGN.md explains the protocol;
/// daemon/link/keeper_codec.h turns these bytes into values for the supervisor.
namespace ringmaster::keeper {

enum class Phase : std::uint32_t { Starting = 1, Serving = 2, Stopping = 3 };

/// The answer to Ask; also sent at start and at each change of phase. No answer.
struct BeatMessage {
  MessageHeader header;
  std::uint32_t phase = 0;            ///< Phase
  std::uint32_t stop_timeout_ms = 0;  ///< how long a stop may take by the configuration; the keeper adds some time
};

/// Deposits 1..kMaxDepositsPerMessage descriptors, all or none. Answered by Ack: 0, EEXIST (a label is in use), ENFILE
/// (table full), EMFILE (the keeper's descriptor limit), EINVAL. The sender may close its own copies at once or keep
/// them.
struct DepositMessage {
  MessageHeader header;
  std::uint64_t serial = 0;  ///< chosen by the sender, never 0; returned in the Ack
  std::uint32_t count = 0;
  std::uint32_t reserved = 0;
  DepositLabel labels[kMaxDepositsPerMessage];
};

/// Closes every deposit whose kind's bit is in `kinds` and whose a and b match. Answered by Ack: 0 with the number
/// closed in `value` (0 is no error: a release may be repeated).
struct ReleaseMessage {
  MessageHeader header;
  std::uint64_t serial = 0;
  std::uint32_t kinds = 0;  ///< 1u << kind, ored
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t any = 0;  ///< kReleaseAnyA, kReleaseAnyB
};
inline constexpr std::uint32_t kReleaseAnyA = 1;
inline constexpr std::uint32_t kReleaseAnyB = 2;

inline constexpr std::uint32_t kSpawnSetUid = 1;  ///< uid and gid are changed, supplementary groups dropped
inline constexpr std::uint32_t kSpawnSetNice = 2;
inline constexpr std::uint32_t kSpawnHasCgroup =
    4;  ///< one more descriptor is sent: an O_DIRECTORY fd of a cgroup v2 leaf

struct SpawnRlimit {
  std::uint32_t resource = 0;  ///< RLIMIT_*
  std::uint32_t reserved = 0;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// Starts a worker. `strings_size` bytes follow the struct: path, cwd ("": unchanged), argv[0..], env[0..], each with
/// its NUL. Answered by Spawned when exec has succeeded or failed. (worker, incarnation) must not be in use.
struct SpawnMessage {
  MessageHeader header;
  std::uint64_t serial = 0;
  std::uint32_t worker = 0;  ///< worker id: unique in the daemon
  std::uint32_t incarnation = 0;
  std::uint32_t flags = 0;  ///< kSpawn*
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int32_t nice = 0;
  std::int32_t oom_score_adj = 0;  ///< always set, so that no worker inherits the keeper's -900
  std::uint32_t fd_count = 0;      ///< 3..kMaxWorkerFds, without the cgroup's
  std::uint32_t rlimit_count = 0;
  std::uint32_t arg_count = 0;  ///< >= 1
  std::uint32_t env_count = 0;
  std::uint32_t strings_size = 0;
  std::uint32_t group_count = 0, reserved = 0;  ///< groups: with kSpawnSetUid
  SpawnRlimit rlimits[kMaxSpawnRlimits];
  std::uint32_t groups[kMaxSpawnGroups] = {};
};

/// Sends `signal` to the worker's whole process group (SIGKILL, if it has a cgroup: to the whole cgroup). It cannot hit
/// another process: if the keeper has reaped the worker the answer is ESRCH. Answered by Ack.
struct SignalMessage {
  MessageHeader header;
  std::uint64_t serial = 0;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t signal = 0;
  std::uint32_t reserved = 0;
};

/// The exit has been handled completely (the ledger is written): the keeper may forget it. No answer; may be repeated.
struct ExitAckMessage {
  MessageHeader header;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
};

/// Text for the service manager, lines of READY=1, STATUS=…, STOPPING=1, EXTEND_TIMEOUT_USEC=…, ERRNO=…; others are
/// refused. Dropped if there is no service manager. No answer.
struct NotifyMessage {
  MessageHeader header;
  std::uint32_t length = 0;
  std::uint32_t reserved = 0;
  char text[kMaxNotifyText] = {};
};

struct AckMessage {
  MessageHeader header;
  std::uint64_t serial = 0;  ///< 0: the packet could not be understood at all
  std::int32_t error = 0;    ///< errno
  std::uint32_t value = 0;
};

struct SpawnedMessage {
  MessageHeader header;
  std::uint64_t serial = 0;  ///< 0 if the request came from a predecessor
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::int32_t pid = 0;
  std::uint32_t stage = 0;  ///< SpawnStage
  std::int32_t error = 0;   ///< errno; not 0: there is no such worker and no Exited will follow
  std::uint32_t reserved = 0;
};

struct ExitedMessage {
  MessageHeader header;
  ExitRecord exit;
};

/// SIGTERM or SIGINT reached the keeper. The supervisor begins its orderly stop and ends with kExitStopped.
struct StopRequestedMessage {
  MessageHeader header;
  std::uint32_t signal = 0;
  std::uint32_t reserved = 0;
};

/// Sent every kAskAfterNs: the supervisor must answer with a Beat within kAnswerLimitNs, or it is killed.
struct AskMessage {
  MessageHeader header;
};

static_assert(sizeof(MessageHeader) == 8 && sizeof(DepositLabel) == 12);
static_assert(sizeof(SpawnMessage) + kMaxSpawnStrings <= kMaxMessage);

}  // namespace ringmaster::keeper
