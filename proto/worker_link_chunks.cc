#include <algorithm>

#include "proto/worker_link.h"

namespace ringmaster::worker_link {

std::vector<HandlersChunk> to_chunks(std::span<const std::byte> table) {
  std::vector<HandlersChunk> chunks;
  do {
    const auto piece = table.first(std::min(kMaxChunkBytes, table.size()));
    table = table.subspan(piece.size());
    chunks.push_back({static_cast<std::uint32_t>(chunks.size()), table.empty(), {piece.begin(), piece.end()}});
  } while (!table.empty());
  return chunks;
}

}  // namespace ringmaster::worker_link
