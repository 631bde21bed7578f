#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace ringmaster {

/// An environment's failure as a value: what was tried, on what, what was found, and what to do, in one sentence.
/// `code` is an errno, or 0 where the failure is not one of the kernel's.
struct Error {
  std::string message;
  int code = 0;
};

/// Found by boost::system::result when `.value()` is called on a failure, which is a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

/// A value or an Error. For what the environment does; bugs are RM_CHECK, refusals that callers act on are enums.
template <typename T>
using Result = boost::system::result<T, Error>;

/// `what` followed by the text of `errno_value`: errno_error("cannot map \"x\"", ENOMEM); and by the limit of this
/// process that may be behind it (of file sizes, descriptors, address space).
[[nodiscard]] Error errno_error(std::string what, int errno_value);

}  // namespace ringmaster
