#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

/// Receiving from a peer that is not trusted and was asked for no descriptors.
namespace ringmaster::wire {

/// What one recvmsg brought.
struct FromStranger {
  std::size_t size = 0;       ///< 0: the peer has closed, or sent an empty packet
  std::vector<UniqueFd> fds;  ///< all of them, whatever else is wrong: to be closed by who may wait for that
  bool cut = false;           ///< bytes of a packet, or descriptors (this process may open no more), were lost
};

/// With room for as many descriptors as one message can carry: the kernel would close in this very thread what finds no
/// room, and such a close can take as long as the peer likes. Error codes of interest: EAGAIN, ECONNRESET.
[[nodiscard]] Result<FromStranger> receive_from_stranger(int socket, std::span<std::byte> buffer, int flags = 0);

/// From now on whoever sends descriptors into `socket` gets EPERM (SO_PASSRIGHTS, Linux 6.16). A listener passes that
/// on to what it accepts. False: this kernel does not know it, and descriptors may come; before the call they may have
/// come. Either way none is dropped unseen by a read: urgent bytes (MSG_OOB) are read as others are.
bool refuse_descriptors(int socket) noexcept;
/// The other way again, for a test that stands in for an older kernel.
void allow_descriptors(int socket) noexcept;

}  // namespace ringmaster::wire
