#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

// Public header: how the text of an argument becomes a value, for job.h.
#include "job_errors.h"

namespace ringmaster {

[[noreturn]] inline void refuse_argument(std::string_view name, std::string_view value, const char* kind) {
  throw InvalidJob("argument \"" + std::string(name) + "\": \"" + std::string(value.substr(0, 80)) + "\" is not " +
                   kind);
}

/// Throws InvalidJob.
template <typename T>
[[nodiscard]] T argument_number(std::string_view name, std::string_view value, const char* kind) {
  T number{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) refuse_argument(name, value, kind);
  return number;
}
[[nodiscard]] inline bool argument_flag(std::string_view name, std::string_view value) {
  if (value != "true" && value != "false") refuse_argument(name, value, "true or false");
  return value == "true";
}

}  // namespace ringmaster
