#pragma once

#include <cstdint>

#include "daemon/link/deposit.h"

/// The header of each packet between keeper and supervisor, and the message types (daemon/link/keeper_protocol.h).
namespace ringmaster::keeper {

enum class MessageType : std::uint16_t {
  // supervisor → keeper
  Beat = 1,
  Deposit = 2,  ///< with as many descriptors as labels
  Release = 3,
  Spawn = 4,  ///< with the worker's descriptors, then its cgroup's if flagged
  Signal = 5,
  ExitAck = 6,
  Notify = 7,
  // keeper → supervisor
  Ack = 65,
  Spawned = 66,  ///< with a pidfd if error is 0
  Exited = 67,
  StopRequested = 68,
  Ask = 69,
};

struct MessageHeader {
  std::uint16_t version = kLinkVersion;
  std::uint16_t type = 0;  ///< MessageType
  std::uint32_t size = 0;  ///< of the whole packet
};

}  // namespace ringmaster::keeper
