#include "shm/base/result.h"

#include <system_error>

namespace ringmaster {

Error errno_error(std::string what, int errno_value) {
  what += ": ";
  what += std::generic_category().message(errno_value);
  return Error{std::move(what), errno_value};
}

}  // namespace ringmaster
