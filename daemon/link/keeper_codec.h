#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "daemon/link/keeper_protocol.h"

/// The supervisor's side of the keeper link: values to packets and back. Pure; the supervisor sends a packet with its
/// descriptors by daemon/os/scm_rights.h. The keeper does not use this file, because it allocates.
namespace ringmaster::keeper {

using Packet = std::vector<std::byte>;

/// Everything about a worker to be started: it inherits nothing else from the keeper but its resource limits.
struct SpawnSpec {
  struct Identity {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups = {};  ///< supplementary; set by a keeper that is root
  };
  struct Rlimit {
    int resource = 0;  ///< RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
  };
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::string path;               ///< of the program; PATH is not searched
  std::string cwd;                ///< empty: the keeper's
  std::vector<std::string> argv;  ///< at least argv[0]
  std::vector<std::string> env;   ///< NAME=value, the whole environment
  std::optional<Identity> identity;
  std::optional<int> nice;
  int oom_score_adj = 0;
  std::vector<Rlimit> rlimits;
  unsigned fd_count = kMaxWorkerFds;  ///< how many descriptors are sent with it; they become 0..fd_count-1
  bool has_cgroup = false;            ///< one more descriptor is sent, as the last one
};

/// Which deposits a Release closes; an empty a or b matches all.
struct ReleaseSelector {
  std::uint32_t kinds = 0;  ///< kind_bit(..) ored
  std::optional<std::uint32_t> a;
  std::optional<std::uint32_t> b;
};

[[nodiscard]] constexpr std::uint32_t kind_bit(DepositKind kind) { return 1u << static_cast<unsigned>(kind); }

[[nodiscard]] constexpr DepositLabel make_label(DepositKind kind, std::uint32_t a = 0, std::uint32_t b = 0) {
  return DepositLabel{static_cast<std::uint16_t>(kind), 0, a, b};
}

[[nodiscard]] Packet encode_beat(Phase phase, std::chrono::milliseconds stop_timeout);
/// REQUIRES: 1 to kMaxDepositsPerMessage labels; the same number of descriptors is sent with it, in this order.
[[nodiscard]] Packet encode_deposit(std::uint64_t serial, std::span<const DepositLabel> labels);
[[nodiscard]] Packet encode_release(std::uint64_t serial, const ReleaseSelector& selector);
/// Fails with a sentence for the user if the spec exceeds a limit of the link, such as an environment of 60 KiB.
[[nodiscard]] Result<Packet> encode_spawn(std::uint64_t serial, const SpawnSpec& spec);
[[nodiscard]] Packet encode_signal(std::uint64_t serial, std::uint32_t worker, std::uint32_t incarnation, int signal);
[[nodiscard]] Packet encode_exit_ack(std::uint32_t worker, std::uint32_t incarnation);
/// Text beyond kMaxNotifyText is cut; control characters other than newline become spaces.
[[nodiscard]] Packet encode_notify(std::string_view text);

using KeeperEvent = std::variant<AckMessage, SpawnedMessage, ExitRecord, StopRequestedMessage, AskMessage>;

/// Fails on a packet that no keeper of this version sends.
[[nodiscard]] Result<KeeperEvent> decode_keeper_event(std::span<const std::byte> packet);

/// What a supervisor inherits. `deposits` include the WorkerPidfd of each worker in `workers`.
struct InheritedTable {
  std::uint32_t supervisor = 0;  ///< number of this supervisor; 1: the first of this keeper
  bool cold = false;
  std::vector<InheritedDeposit> deposits;
  std::vector<InheritedWorker> workers;
  std::vector<ExitRecord> exits;  ///< fenced, not acknowledged yet: answer each with encode_exit_ack
};

[[nodiscard]] Result<InheritedTable> decode_inherited_table(std::span<const std::byte> bytes);
/// Reads the memfd from its start; does not close it. The descriptors that it lists are open, and the caller owns them.
[[nodiscard]] Result<InheritedTable> read_inherited_table(int fd);

/// "changing to its uid", for messages about a failed spawn.
[[nodiscard]] std::string_view to_string(daemon::SpawnStage stage);

}  // namespace ringmaster::keeper
