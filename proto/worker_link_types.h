#pragma once

#include <cstddef>
#include <cstdint>

/// For the two halves of the codec only (worker_link.cc, worker_link_reading.cc).
namespace ringmaster::worker_link {

/// Every packet starts with {u16 type, u16 zero, u32 length of the whole packet}; types name direction and message.
enum class Type : std::uint16_t {
  Attach = 0x0101,
  Detach = 0x0102,
  Claiming = 0x0103,
  Exit = 0x0104,
  Settings = 0x0105,
  Look = 0x0106,
  Room = 0x0107,
  NoRoom = 0x0108,
  Hello = 0x0201,
  HandlersChunk = 0x0202,
  Ready = 0x0203,
  Attached = 0x0204,
  Detached = 0x0205,
  SessionBroken = 0x0206,
  BootFailed = 0x0207,
  Leftovers = 0x0208,
  Fault = 0x0209,
  Leaving = 0x020A,
  AskRoom = 0x020B,
  AskParcel = 0x020C,
  Output = 0x020D,
};
inline constexpr std::size_t kHeaderBytes = 8;
inline constexpr std::size_t kAttachFds = 3;

}  // namespace ringmaster::worker_link
