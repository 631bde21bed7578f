#pragma once

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "base/result.h"
#include "daemon/link/deposit.h"

namespace ringmaster::daemon {

/// For the time until requests are served: exceptions of libraries then mean that this machine refuses memory,
/// descriptors or tasks, and are not bugs.
template <typename Action>
Result<void> without_exceptions(const Action& action) {
  const auto refused = [](const std::string& what) { return Error{what, keeper::kExitUnavailable}; };
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return refused(errno_error("cannot start: memory was refused", ENOMEM).message);
  } catch (const boost::system::system_error& error) {
    return refused(errno_error("cannot start", error.code().value()).message);
  } catch (const std::system_error& error) {
    return refused(errno_error("cannot start", error.code().value()).message);
  } catch (const std::exception& error) {
    return refused(std::string("cannot start: ") + error.what());
  }
}

}  // namespace ringmaster::daemon
