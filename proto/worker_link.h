#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "proto/worker_link_orders.h"
#include "proto/worker_link_reports.h"

/// The link between supervisor and worker: descriptor 3 of a worker, AF_UNIX SOCK_SEQPACKET, one message per packet.
/// Fixed little-endian structs instead of protobuf, for the worker's start-up time and size. Layout: proto/PROTOCOL.md.
/// Both sides check all that they decode: the supervisor does not trust a worker.
namespace ringmaster::worker_link {

inline constexpr std::size_t kMaxMessageBytes = 32 * 1024;
inline constexpr std::size_t kMaxFds = 3;

/// One packet. Texts longer than kMaxTextBytes are cut. REQUIRES: chunks of at most kMaxChunkBytes.
[[nodiscard]] std::vector<std::byte> encode(const ToWorker& message);
[[nodiscard]] std::vector<std::byte> encode(const ToSupervisor& message);

/// Descriptors that must come with the message: 3 with Attach, else 0.
[[nodiscard]] std::size_t fds_of(const ToWorker& message);

/// Every field is in range, the packet has exactly the message's length, and `fd_count` is what the message wants.
[[nodiscard]] Result<ToWorker> decode_to_worker(std::span<const std::byte> packet, std::size_t fd_count);
[[nodiscard]] Result<ToSupervisor> decode_to_supervisor(std::span<const std::byte> packet, std::size_t fd_count);

/// The HandlersChunk messages for an encoded table; at least one.
[[nodiscard]] std::vector<HandlersChunk> to_chunks(std::span<const std::byte> table);

}  // namespace ringmaster::worker_link
