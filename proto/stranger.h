#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

/// Receives from a peer that is not trusted and must not send descriptors.
namespace ringmaster::wire {

/// What one recvmsg brought.
struct FromStranger {
  std::size_t size = 0;       ///< 0: the peer has closed, or sent an empty packet
  std::vector<UniqueFd> fds;  ///< all that came; closing one may block, so let a thread do it that may wait
  bool cut = false;           ///< bytes of a packet were lost, or descriptors, because this process cannot open more
};

/// Has room for as many descriptors as one message can carry: the kernel would close the others in this thread, and a
/// hostile peer can make such a close block. Error codes of interest: EAGAIN, ECONNRESET.
[[nodiscard]] Result<FromStranger> receive_from_stranger(int socket, std::span<std::byte> buffer, int flags = 0);

/// From now on a peer that sends descriptors into `socket` gets EPERM (SO_PASSRIGHTS, Linux 6.16); sockets accepted
/// from a listener inherit this. False: this kernel cannot do it, so descriptors may come. Also makes reads return
/// urgent bytes (MSG_OOB) like all others, so that no read drops descriptors unseen.
bool refuse_descriptors(int socket) noexcept;
/// Undoes refuse_descriptors(), for a test that simulates an older kernel.
void allow_descriptors(int socket) noexcept;

}  // namespace ringmaster::wire
