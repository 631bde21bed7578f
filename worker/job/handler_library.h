#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "worker/job/handler_registry.h"

namespace ringmaster::worker {

/// Where handler libraries are looked for when they are named without a slash: those of handler_folders() that there
/// are.
[[nodiscard]] std::vector<std::string> present_handler_folders();

/// `name` with a slash is a file; without one, NAME or NAME.so in the first of `folders` that has it.
[[nodiscard]] Result<std::string> find_handler_library(const std::string& name,
                                                       const std::vector<std::string>& folders);

/// Loads the library (for good: handlers are never unloaded) and registers what it holds.
[[nodiscard]] Result<void> load_handler_library(const std::string& path, HandlerRegistry& registry);

/// Loads every *.so of the first of `folders` that has any, in the order of their names. A library that cannot be
/// loaded is left out, with the reason in `skipped`: a missing picture library must not disable zstd. Fails if nothing
/// could be loaded.
[[nodiscard]] Result<void> load_all_handlers(const std::vector<std::string>& folders, HandlerRegistry& registry,
                                             std::vector<std::string>& skipped);

}  // namespace ringmaster::worker
