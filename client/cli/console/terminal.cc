#include "client/cli/console/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace ringmaster::cli {

bool can_redraw(int fd) {
  const char* const kind = std::getenv("TERM");
  return ::isatty(fd) == 1 && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
}

std::size_t terminal_columns(int fd) {
  winsize size{};
  const std::size_t real = ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  const char* const text = std::getenv("COLUMNS");
  const long said = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
  const std::size_t wished = said > 0 ? static_cast<std::size_t>(said) : 0;
  if (real == 0 && wished == 0) return 80;
  if (real == 0 || wished == 0) return std::max(real, wished);
  return std::min(real, wished);
}

}  // namespace ringmaster::cli
