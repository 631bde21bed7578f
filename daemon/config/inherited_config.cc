#include "daemon/config/inherited_config.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "shm/memfd.h"

namespace ringmaster::config {

Result<UniqueFd> write_inherited(const InheritedConfig& config) {
  const std::string kept = config.text + config.stock;
  // One byte more than is written: a zero ends the list.
  auto fd = shm::create_segment("ringmaster-config", kept.size() + 1);
  if (!fd) return fd.error();
  for (std::size_t done = 0; done < kept.size();) {
    const ssize_t wrote = ::pwrite(fd->get(), kept.data() + done, kept.size() - done, static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return errno_error("cannot keep the configuration for successors", errno);
    done += static_cast<std::size_t>(wrote);
  }
  return fd;
}

Result<InheritedConfig> read_inherited(int fd, std::size_t text_bytes) {
  const Error unreadable{"the configuration that was inherited cannot be read"};
  const auto size = shm::checked_segment_size(fd);
  if (!size || *size < text_bytes) return unreadable;
  std::string kept(*size, '\0');
  for (std::size_t done = 0; done < kept.size();) {
    const ssize_t got = ::pread(fd, kept.data() + done, kept.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return unreadable;
    done += static_cast<std::size_t>(got);
  }
  InheritedConfig config{kept.substr(0, text_bytes), kept.substr(text_bytes)};
  config.stock.resize(std::min(config.stock.find('\0'), config.stock.size()));
  return {boost::system::in_place_value, std::move(config)};
}

}  // namespace ringmaster::config
