#include "worker/process/process_name.h"

#include <algorithm>

namespace ringmaster::worker {

std::string process_name(std::string_view pool, std::string_view place) {
  constexpr std::size_t kRoom = 15;
  const std::string end = "[" + std::string(place) + "]";
  std::string name = "rm:";
  name += pool.substr(0, kRoom - std::min(kRoom, name.size() + end.size()));
  return (name + end).substr(0, kRoom);
}

}  // namespace ringmaster::worker
