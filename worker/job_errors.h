#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

/// Public header: what a handler throws to end its job other than as done.
namespace ringmaster {

/// Thrown by a handler: the request is wrong. The job ends as *refused: bad request*, with this message.
/// Any other exception ends it as *failed* with that exception's message.
class InvalidJob : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by Job::reserve and output: the result needs `needed()` bytes in all and the caller offered room for fewer.
/// The job ends as *refused: too large*, and the caller learns the size. A handler that knows the whole size better
/// than "committed so far plus this piece" throws its own.
class ResultTooLarge : public std::runtime_error {
 public:
  explicit ResultTooLarge(std::uint64_t needed) : std::runtime_error("the result is too large"), needed_(needed) {}
  [[nodiscard]] std::uint64_t needed() const noexcept { return needed_; }

 private:
  std::uint64_t needed_;
};

/// Thrown by a handler that fails but has a result to show: the job ends as *failed* with the message, and the caller
/// gets what was committed. After any other exception the caller gets no result.
class JobFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by a handler that stops because Job::cancelled() was true.
class JobCancelled : public std::runtime_error {
 public:
  explicit JobCancelled(const std::string& message = "stopped on request") : std::runtime_error(message) {}
};

}  // namespace ringmaster
