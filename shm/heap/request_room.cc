#include "shm/heap/request_room.h"

#include "shm/memfd.h"

namespace ringmaster::shm {

Result<Mapping> open_parcel(int file, std::uint64_t bytes) {
  auto memory = Mapping::map(file, Access::ReadWrite, bytes);
  if (!memory) return memory;
  if (auto reserved = reserve_pages(file, 0, bytes); !reserved) return reserved.error();
  if (auto sealed = seal_future_writes(file); !sealed) return sealed.error();
  return memory;
}

}  // namespace ringmaster::shm
