#include "daemon/pool/pool_fds.h"

#include "shm/mapping.h"
#include "shm/memfd.h"
#include "shm/port/doorbell.h"
#include "shm/segment_view.h"

namespace ringmaster::daemon {

Result<PoolFds> create_pool_fds(std::uint32_t pool) {
  PoolFds fds;
  auto board = shm::create_segment("ringmaster-board", sizeof(shm::BoardRecord));
  if (!board) return board.error();
  // Else a machine without memory says so by SIGBUS.
  if (const auto reserved = shm::reserve_pages(board->get(), 0, sizeof(shm::BoardRecord)); !reserved) {
    return reserved.error();
  }
  auto mapping = shm::Mapping::map(board->get(), shm::Access::ReadWrite);
  if (!mapping) return mapping.error();
  shm::format_board(mapping->bytes(), pool);
  auto bell = shm::create_doorbell();
  if (!bell) return bell.error();
  fds.board = std::move(*board);
  fds.bell = std::move(*bell);
  return fds;
}

}  // namespace ringmaster::daemon
