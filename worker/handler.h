#pragma once

#include <cstdint>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Public header: installed next to the others, so it names them by file and not from the repository's root.
#include "handler_description.h"
#include "job.h"

namespace ringmaster {

/// Handlers as the C table of handler_abi.h. Owns what the table points to. Neither copied nor moved, because the table
/// points into it.
class HandlerTable {
 public:
  explicit HandlerTable(std::vector<Handler> handlers) : handlers_(std::move(handlers)) {
    arguments_.resize(handlers_.size());
    entries_.reserve(handlers_.size());
    for (std::size_t i = 0; i < handlers_.size(); ++i) add(handlers_[i], arguments_[i]);
    table_ = {sizeof(rm_handler_table), RINGMASTER_HANDLER_ABI, entries_.data(),
              entries_.size(),          sizeof(rm_handler),     nullptr};
  }
  HandlerTable(const HandlerTable&) = delete;
  HandlerTable& operator=(const HandlerTable&) = delete;

  [[nodiscard]] const rm_handler_table* get() const noexcept { return &table_; }

 private:
  struct Arguments {
    std::vector<std::vector<const char*>> choices;
    std::vector<rm_argument> table;
  };

  void add(Handler& handler, Arguments& arguments);
  static std::int32_t run(rm_job* raw, void* user) noexcept;
  static std::int32_t warm_up(void* user, char* error, std::size_t error_size) noexcept;

  std::vector<Handler> handlers_;
  std::vector<Arguments> arguments_;
  std::vector<rm_handler> entries_;
  rm_handler_table table_{};
};

inline void HandlerTable::add(Handler& handler, Arguments& arguments) {
  arguments.choices.reserve(handler.arguments.size());
  for (const HandlerArgument& one : handler.arguments) {
    auto& choices = arguments.choices.emplace_back();
    for (const std::string& choice : one.choices) choices.push_back(choice.c_str());
    arguments.table.push_back({sizeof(rm_argument), static_cast<std::uint32_t>(one.kind), one.required ? 1U : 0U,
                               one.minimum || one.maximum ? 1U : 0U, one.minimum.value_or(INT64_MIN),
                               one.maximum.value_or(INT64_MAX), one.name.c_str(), one.help.c_str(),
                               one.default_value ? one.default_value->c_str() : nullptr, choices.data(),
                               choices.size()});
  }
  const auto flag = [](bool set, std::uint32_t bit) { return set ? bit : 0U; };
  const std::uint32_t flags = flag(handler.listens_to_cancel, RM_LISTENS_TO_CANCEL) |
                              flag(handler.change_safe, RM_CHANGE_SAFE) | flag(handler.idempotent, RM_IDEMPOTENT) |
                              flag(handler.starts_helpers, RM_STARTS_HELPERS) |
                              flag(handler.writes_input, RM_WRITES_INPUT);
  entries_.push_back({sizeof(rm_handler), flags, handler.name.c_str(), handler.summary.c_str(), handler.result_constant,
                      handler.result_factor, handler.max_request_bytes, handler.output_extension.c_str(),
                      arguments.table.data(), arguments.table.size(), sizeof(rm_argument), &handler,
                      handler.run ? &HandlerTable::run : nullptr, handler.warm_up ? &HandlerTable::warm_up : nullptr});
}

// Catches all exceptions of a handler: none may cross the C interface.
inline std::int32_t HandlerTable::run(rm_job* raw, void* user) noexcept {
  const auto say = [raw](std::string_view text) { raw->calls->message(raw, text.data(), text.size()); };
  try {
    Job job(raw);
    const auto& handler = *static_cast<const Handler*>(user);
    if (handler.fresh_start) handler.fresh_start();
    handler.run(job);
    return RM_DONE;
  } catch (const JobFailed& failure) {
    say(failure.what());
    return RM_FAILED_WITH_RESULT;
  } catch (const ResultTooLarge& refusal) {
    raw->calls->needs(raw, refusal.needed());
    return RM_TOO_LARGE;
  } catch (const InvalidJob& refusal) {
    say(refusal.what());
    return RM_INVALID;
  } catch (const JobCancelled& stop) {
    say(stop.what());
    return RM_CANCELLED;
  } catch (const std::bad_alloc&) {
    say("out of memory: an allocation was refused");
  } catch (const std::exception& error) {
    say(error.what());
  } catch (...) {
    say("the handler threw something that is not a std::exception");
  }
  return RM_FAILED;
}

inline std::int32_t HandlerTable::warm_up(void* user, char* error, std::size_t error_size) noexcept {
  try {
    static_cast<const Handler*>(user)->warm_up();
    return 0;
  } catch (const std::exception& failure) {
    std::snprintf(error, error_size, "%s", failure.what());
  } catch (...) {
    std::snprintf(error, error_size, "it threw something that is not a std::exception");
  }
  return 1;
}

}  // namespace ringmaster

/// Makes a shared library a handler library: RINGMASTER_HANDLERS({.name = "shout", .run = shout}, {…})
/// Once per library, outside of every namespace.
#define RINGMASTER_HANDLERS(...)                                                                           \
  extern "C" __attribute__((visibility("default"))) const rm_handler_table* ringmaster_handlers_v1(void) { \
    static rm_handler_table failed = {sizeof(rm_handler_table),                                            \
                                      RINGMASTER_HANDLER_ABI,                                              \
                                      nullptr,                                                             \
                                      0,                                                                   \
                                      sizeof(rm_handler),                                                  \
                                      "out of memory while the handlers were described"};                  \
    try {                                                                                                  \
      static const ::ringmaster::HandlerTable table(std::vector<::ringmaster::Handler>{__VA_ARGS__});      \
      return table.get();                                                                                  \
    } catch (...) {                                                                                        \
      return &failed;                                                                                      \
    }                                                                                                      \
  }
