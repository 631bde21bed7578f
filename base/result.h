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

/// boost::system::result calls this when `.value()` is used on a failure, which is a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

/// A value or an Error: for failures of the environment. Bugs are RM_CHECK; refusals that callers act on are enums.
template <typename T>
using Result = boost::system::result<T, Error>;

/// `what`, the text of `errno_value`, and the limit of this process that may be the cause (file size, descriptors,
/// address space): errno_error("cannot map \"x\"", ENOMEM).
[[nodiscard]] Error errno_error(std::string what, int errno_value);

}  // namespace ringmaster
