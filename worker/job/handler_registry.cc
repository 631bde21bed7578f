#include "worker/job/handler_registry.h"

#include <algorithm>
#include <cstring>

#include "proto/handler_id.h"

namespace ringmaster::worker {
namespace {

// A library's struct may be shorter (older) or longer (newer) than ours: copies the common part, the rest is zero.
template <typename T>
T copy_versioned(const void* from) {
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  T copy{};
  std::memcpy(static_cast<void*>(&copy), from, std::min<std::size_t>(size, sizeof copy));
  return copy;
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

Result<ArgumentDescription> describe(const rm_argument& argument, const std::string& where) {
  if (argument.name == nullptr) return Error{where + ": an argument has no name"};
  if (argument.type < RM_TEXT || argument.type > RM_CHOICE) {
    return Error{where + ": argument \"" + argument.name + "\" has the unknown type " + std::to_string(argument.type)};
  }
  ArgumentDescription description;
  description.name = argument.name;
  description.type = static_cast<ArgumentType>(argument.type);
  description.required = argument.required != 0;
  description.default_value = text_or_empty(argument.default_value);
  description.help = text_or_empty(argument.help);
  for (std::uint64_t i = 0; i < argument.choice_count; ++i) {
    if (argument.choices == nullptr || argument.choices[i] == nullptr) {
      return Error{where + ": argument \"" + argument.name + "\" names " + std::to_string(argument.choice_count) +
                   " choices, but number " + std::to_string(i + 1) + " is NULL"};
    }
    description.choices.emplace_back(argument.choices[i]);
  }
  if (argument.has_range != 0) {
    if (argument.minimum != INT64_MIN) description.minimum = argument.minimum;
    if (argument.maximum != INT64_MAX) description.maximum = argument.maximum;
  }
  return description;
}

Result<RegisteredHandler> read_handler(const rm_handler& handler, const std::string& origin, RunBy run_by) {
  if (handler.name == nullptr || (handler.run == nullptr && run_by == RunBy::Worker)) {
    return Error{origin + ": a handler has no " + (handler.name == nullptr ? "name" : "function to run")};
  }
  const std::string where = origin + ": handler \"" + handler.name + "\"";
  RegisteredHandler read;
  read.id = wire::handler_id(handler.name);
  read.run = handler.run;
  read.user = handler.user;
  read.warm_up = handler.warm_up;
  read.origin = origin;
  read.starts_helpers = (handler.flags & RM_STARTS_HELPERS) != 0;
  read.writes_input = (handler.flags & RM_WRITES_INPUT) != 0;
  HandlerDescription& about = read.description;
  about.name = handler.name;
  about.summary = text_or_empty(handler.summary);
  about.result_constant = handler.result_constant;
  about.result_factor = handler.result_factor;
  about.max_request_bytes = handler.max_request_bytes;
  about.output_extension = text_or_empty(handler.output_extension);
  about.listens_to_cancel = (handler.flags & RM_LISTENS_TO_CANCEL) != 0;
  about.change_safe = (handler.flags & RM_CHANGE_SAFE) != 0;
  about.idempotent = (handler.flags & RM_IDEMPOTENT) != 0;
  about.takes_parcels = true;
  if (handler.argument_count > kMaxArguments) return Error{where + ": more than 64 arguments"};
  if (handler.arguments == nullptr && handler.argument_count != 0) {
    return Error{where + ": its table of " + std::to_string(handler.argument_count) + " arguments is NULL"};
  }
  const auto* place = reinterpret_cast<const char*>(handler.arguments);
  for (std::uint64_t i = 0; i < handler.argument_count; ++i, place += handler.argument_stride) {
    const auto argument = copy_versioned<rm_argument>(place);
    auto description = describe(argument, where);
    if (!description) return description.error();
    read.needs_arguments |= description->required;
    read.has_default.push_back(argument.default_value != nullptr);
    about.arguments.push_back(std::move(*description));
  }
  return read;
}

}  // namespace

Result<void> HandlerRegistry::add(const rm_handler_table* table, const std::string& origin, RunBy run_by) {
  if (table == nullptr) return Error{origin + ": " RINGMASTER_HANDLERS_SYMBOL "() returned no table"};
  const auto head = copy_versioned<rm_handler_table>(table);
  if (head.abi != RINGMASTER_HANDLER_ABI) {
    return Error{origin + ": made for handler ABI " + std::to_string(head.abi) + ", this worker has " +
                 std::to_string(RINGMASTER_HANDLER_ABI) + "; build it against this version's headers"};
  }
  if (head.error != nullptr) return Error{origin + ": " + head.error};
  if (head.handler_count == 0) return Error{origin + ": its table has no handler"};
  if (head.handlers == nullptr) {
    return Error{origin + ": its table of " + std::to_string(head.handler_count) + " handlers is NULL"};
  }
  if (handlers_.size() + head.handler_count > kMaxHandlers) {
    return Error{origin + ": more than " + std::to_string(kMaxHandlers) + " handlers in one worker"};
  }
  const auto* place = reinterpret_cast<const char*>(head.handlers);
  for (std::uint64_t i = 0; i < head.handler_count; ++i, place += head.handler_stride) {
    auto handler = read_handler(copy_versioned<rm_handler>(place), origin, run_by);
    if (!handler) return handler.error();
    if (const RegisteredHandler* other = find(handler->id)) {
      return Error{origin + ": handler \"" + handler->description.name + "\" is already taken by \"" +
                   other->description.name + "\" from " + other->origin + "; load one of the two, or rename it"};
    }
    const auto fine = check_handlers(std::span(&handler->description, 1));
    if (!fine) return Error{origin + ": " + fine.error().message};
    handlers_.push_back(std::move(*handler));
    rebuild_index();
  }
  return {};
}

void HandlerRegistry::rebuild_index() {
  index_.fill(0);
  for (std::size_t i = 0; i < handlers_.size(); ++i) {
    std::size_t bucket = handlers_[i].id & (kBuckets - 1);
    while (index_[bucket] != 0) bucket = (bucket + 1) & (kBuckets - 1);
    index_[bucket] = static_cast<std::uint16_t>(i + 1);
  }
}

const RegisteredHandler* HandlerRegistry::find(std::uint64_t id) const noexcept {
  for (std::size_t bucket = id & (kBuckets - 1); index_[bucket] != 0; bucket = (bucket + 1) & (kBuckets - 1)) {
    const RegisteredHandler& candidate = handlers_[index_[bucket] - 1U];
    if (candidate.id == id) return &candidate;
  }
  return nullptr;
}

const RegisteredHandler* HandlerRegistry::find(std::string_view name) const noexcept {
  return find(wire::handler_id(name));
}

std::vector<HandlerDescription> HandlerRegistry::descriptions() const {
  std::vector<HandlerDescription> all;
  all.reserve(handlers_.size());
  for (const RegisteredHandler& one : handlers_) all.push_back(one.description);
  return all;
}

Result<void> HandlerRegistry::warm_up() const {
  for (const RegisteredHandler& one : handlers_) {
    if (one.warm_up == nullptr) continue;
    char error[512] = "";
    if (one.warm_up(one.user, error, sizeof error) != 0) {
      error[sizeof error - 1] = '\0';
      return Error{one.origin + ": handler \"" + one.description.name + "\" cannot warm up: " + error};
    }
  }
  return {};
}

std::string list_handlers(const HandlerRegistry& registry) {
  std::string out;
  for (const RegisteredHandler& one : registry.handlers()) {
    out += one.description.name + "  " + one.description.summary + "  [" + one.origin + "]\n";
    for (const ArgumentDescription& argument : one.description.arguments) {
      out += "    " + argument.name + " (" + std::string(to_string(argument.type));
      for (const std::string& choice : argument.choices)
        out += (&choice == &argument.choices[0] ? ": " : ", ") + choice;
      if (argument.minimum) out += ", at least " + std::to_string(*argument.minimum);
      if (argument.maximum) out += ", at most " + std::to_string(*argument.maximum);
      if (argument.required) out += ", required";
      if (!argument.default_value.empty()) out += ", default " + argument.default_value;
      out += ")  " + argument.help + "\n";
    }
  }
  return out;
}

}  // namespace ringmaster::worker
