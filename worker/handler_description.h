#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Public header: installed next to the others, so it names them by file and not from the repository's root.
#include "job.h"

/// What an author writes: a handler, and what it says about itself.
namespace ringmaster {

enum class ArgumentKind : std::uint32_t {
  Text = RM_TEXT,
  Integer = RM_INTEGER,
  Real = RM_REAL,
  Boolean = RM_BOOLEAN,
  Choice = RM_CHOICE
};

/// One argument of a handler: shown by `ringmaster handlers`, enforced before the handler runs.
struct HandlerArgument {
  std::string name;  ///< 1 to 64 characters out of A-Z a-z 0-9 _ . -
  ArgumentKind kind = ArgumentKind::Text;
  std::string help{};
  bool required = false;
  std::optional<std::string> default_value{};
  std::vector<std::string> choices{};     ///< For Choice.
  std::optional<std::int64_t> minimum{};  ///< For Integer; inclusive.
  std::optional<std::int64_t> maximum{};
};

/// Anything callable with a Job&: a function, or a lambda with state. Copies share that state.
class HandlerFunction {
 public:
  HandlerFunction() = default;
  template <typename F>
  requires(std::invocable<F&, Job&> && !std::same_as<std::remove_cvref_t<F>, HandlerFunction>)
      HandlerFunction(F function)  // NOLINT(google-explicit-constructor): a function *is* a handler function
      : state_(std::make_shared<F>(std::move(function))),
        call_([](void* state, Job& job) { (*static_cast<F*>(state))(job); }) {}

  explicit operator bool() const noexcept { return call_ != nullptr; }
  void operator()(Job& job) const { call_(state_.get(), job); }

 private:
  std::shared_ptr<void> state_;
  void (*call_)(void*, Job&) = nullptr;
};

/// A handler and what it says about itself. Written with designated initializers; name and run are needed.
struct Handler {
  std::string name;
  std::string summary{};  ///< One line.
  std::vector<HandlerArgument> arguments{};
  /// Room that a caller offers for the result unless it knows better: constant + factor * request bytes.
  std::uint64_t result_constant = 4096;
  double result_factor = 0;
  std::uint64_t max_request_bytes = 0;  ///< 0: no limit of its own.
  /// Extension of a file made from the result, without dot, put behind the input's name. "{name}": that argument's
  /// value, in place of the input's. "{name:value=+zst,other=-zst}": put behind or taken off by that argument's value.
  /// Empty: the input's.
  std::string output_extension{};
  bool listens_to_cancel = false;   ///< Looks at Job::cancelled() every few milliseconds: is given time to stop.
  bool change_safe = false;         ///< Behaves even if the input changes while it is read.
  bool idempotent = false;          ///< May run again after a crash without harm; a hint for clients.
  bool starts_helpers = false;      ///< What its jobs start and leave running stays: Job::keep_process for all of it.
  bool writes_input = false;        ///< May ask for Job::writable_input().
  std::function<void()> warm_up{};  ///< Runs once before the worker takes jobs; an exception keeps it from starting.
  /// Runs before every job: clears what a library keeps from one call to the next (error texts, contexts), so that a
  /// job tells of itself only. Its exceptions are the job's.
  std::function<void()> fresh_start{};
  HandlerFunction run{};
};

}  // namespace ringmaster
