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

/// What the author of a handler writes: the handler and its description.
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

/// A function or lambda that takes a Job&. Copies share the lambda's state.
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

/// A handler and its description. Written with designated initializers; name and run are required.
struct Handler {
  std::string name;
  std::string summary{};  ///< One line.
  std::vector<HandlerArgument> arguments{};
  /// The default result capacity, if the caller names none: constant + factor * request bytes.
  std::uint64_t result_constant = 4096;
  double result_factor = 0;
  std::uint64_t max_request_bytes = 0;  ///< 0: no limit of its own.
  /// Extension for files made from results, without a dot: "zst" is appended to the input's name. "{name}" replaces the
  /// input's extension by the value of argument `name`. "{name:value=+zst,other=-zst}" appends or removes the
  /// extension, by the value of that argument. Empty keeps the input's name.
  std::string output_extension{};
  bool listens_to_cancel = false;  ///< Checks Job::cancelled() every few milliseconds, so it is given time to stop.
  bool change_safe = false;        ///< Behaves even if the input changes while it is read.
  bool idempotent = false;         ///< May run again after a crash without harm; a hint for clients.
  bool starts_helpers = false;     ///< Processes that its jobs leave running are kept, as if by Job::keep_process.
  bool writes_input = false;       ///< May call Job::writable_input().
  std::function<void()>
      warm_up{};  ///< Runs once before the worker takes jobs; if it throws, the worker does not start.
  /// Runs before every job: clears what a library keeps between calls (error texts, contexts), so that a job reports
  /// only its own errors. If it throws, the job fails as if `run` had thrown.
  std::function<void()> fresh_start{};
  HandlerFunction run{};
};

}  // namespace ringmaster
