#include "proto/handler_table.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/text.h"
#include "proto/byte_io.h"
#include "proto/handler_id.h"

namespace ringmaster {
namespace {

constexpr std::uint16_t kTableVersion = 1;
constexpr std::size_t kMaxArgumentsPerHandler = 32;
constexpr std::size_t kMaxChoices = 64;
constexpr std::size_t kMaxTextBytes = 512;
constexpr double kMaxFactor = 1'000'000;

// Flags of a handler.
constexpr std::uint8_t kListensToCancel = 1;
constexpr std::uint8_t kChangeSafe = 2;
constexpr std::uint8_t kIdempotent = 4;
constexpr std::uint8_t kTakesParcels = 8;
// Flags of an argument.
constexpr std::uint8_t kRequired = 1;
constexpr std::uint8_t kHasMinimum = 2;
constexpr std::uint8_t kHasMaximum = 4;

std::string where(const HandlerDescription& handler) { return "handler \"" + clean_quote(handler.name) + "\""; }
std::string where(const HandlerDescription& handler, const ArgumentDescription& argument) {
  return where(handler) + ", argument \"" + clean_quote(argument.name) + "\"";
}

bool is_line(std::string_view text) { return text.size() <= kMaxTextBytes && is_clean_text(text); }

Result<void> check_argument(const HandlerDescription& handler, const ArgumentDescription& argument) {
  if (!is_name(argument.name)) return Error{where(handler, argument) + ": not a name (1 to 64 of A-Z a-z 0-9 _ . -)"};
  if (!is_line(argument.help) || !is_line(argument.default_value)) {
    return Error{where(handler, argument) + ": help or default is longer than 512 bytes or not clean UTF-8"};
  }
  if (argument.type < ArgumentType::Text || argument.type > ArgumentType::Choice) {
    return Error{where(handler, argument) + ": unknown type"};
  }
  if ((argument.type == ArgumentType::Choice) == argument.choices.empty()) {
    return Error{where(handler, argument) + ": choices belong to type choice, and it needs at least one"};
  }
  if (argument.choices.size() > kMaxChoices ||
      !std::all_of(argument.choices.begin(), argument.choices.end(), is_line)) {
    return Error{where(handler, argument) + ": more than 64 choices, or one that is too long or not clean UTF-8"};
  }
  if ((argument.minimum || argument.maximum) && argument.type != ArgumentType::Integer) {
    return Error{where(handler, argument) + ": only an integer has a minimum or maximum"};
  }
  return {};
}

Result<void> check_handler(const HandlerDescription& handler) {
  if (!is_name(handler.name)) return Error{where(handler) + ": not a name (1 to 64 of A-Z a-z 0-9 _ . -)"};
  if (!is_line(handler.summary) || !is_line(handler.output_extension)) {
    return Error{where(handler) + ": summary or extension is longer than 512 bytes or not clean UTF-8"};
  }
  if (handler.output_extension.find('/') != std::string::npos) {
    return Error{where(handler) + ": an extension with a '/' would put results into another folder"};
  }
  if (!(handler.result_factor >= 0 && handler.result_factor <= kMaxFactor)) {
    return Error{where(handler) + ": the result factor is not between 0 and 1000000"};
  }
  if (handler.arguments.size() > kMaxArgumentsPerHandler) return Error{where(handler) + ": more than 32 arguments"};
  for (std::size_t i = 0; i < handler.arguments.size(); ++i) {
    if (auto checked = check_argument(handler, handler.arguments[i]); !checked) return checked;
    for (std::size_t j = 0; j < i; ++j) {
      if (handler.arguments[i].name == handler.arguments[j].name) {
        return Error{where(handler, handler.arguments[i]) + ": described twice"};
      }
    }
  }
  return {};
}

void put_argument(wire::ByteWriter& out, const ArgumentDescription& argument) {
  out.put_string(argument.name);
  out.put(static_cast<std::uint8_t>(argument.type));
  out.put(static_cast<std::uint8_t>((argument.required ? kRequired : 0) | (argument.minimum ? kHasMinimum : 0) |
                                    (argument.maximum ? kHasMaximum : 0)));
  out.put_string(argument.default_value);
  out.put_string(argument.help);
  out.put(argument.minimum.value_or(0));
  out.put(argument.maximum.value_or(0));
  out.put(static_cast<std::uint16_t>(argument.choices.size()));
  for (const std::string& choice : argument.choices) out.put_string(choice);
}

ArgumentDescription get_argument(wire::ByteReader& in) {
  ArgumentDescription argument;
  argument.name = in.get_string();
  argument.type = static_cast<ArgumentType>(in.get<std::uint8_t>());
  const auto flags = in.get<std::uint8_t>();
  argument.required = (flags & kRequired) != 0;
  argument.default_value = in.get_string();
  argument.help = in.get_string();
  const auto minimum = in.get<std::int64_t>();
  const auto maximum = in.get<std::int64_t>();
  if ((flags & kHasMinimum) != 0) argument.minimum = minimum;
  if ((flags & kHasMaximum) != 0) argument.maximum = maximum;
  const auto choices = in.get<std::uint16_t>();
  for (std::size_t i = 0; i < choices && in.ok(); ++i) argument.choices.emplace_back(in.get_string());
  return argument;
}

void put_handler(wire::ByteWriter& out, const HandlerDescription& handler) {
  out.put_string(handler.name);
  out.put_string(handler.summary);
  out.put_string(handler.output_extension);
  out.put(handler.result_constant);
  out.put(std::bit_cast<std::uint64_t>(handler.result_factor));
  out.put(handler.max_request_bytes);
  out.put(static_cast<std::uint8_t>((handler.listens_to_cancel ? kListensToCancel : 0) |
                                    (handler.change_safe ? kChangeSafe : 0) | (handler.idempotent ? kIdempotent : 0) |
                                    (handler.takes_parcels ? kTakesParcels : 0)));
  out.put(static_cast<std::uint16_t>(handler.arguments.size()));
  for (const ArgumentDescription& argument : handler.arguments) put_argument(out, argument);
}

HandlerDescription get_handler(wire::ByteReader& in) {
  HandlerDescription handler;
  handler.name = in.get_string();
  handler.summary = in.get_string();
  handler.output_extension = in.get_string();
  handler.result_constant = in.get<std::uint64_t>();
  handler.result_factor = std::bit_cast<double>(in.get<std::uint64_t>());
  handler.max_request_bytes = in.get<std::uint64_t>();
  const auto flags = in.get<std::uint8_t>();
  handler.listens_to_cancel = (flags & kListensToCancel) != 0;
  handler.change_safe = (flags & kChangeSafe) != 0;
  handler.idempotent = (flags & kIdempotent) != 0;
  handler.takes_parcels = (flags & kTakesParcels) != 0;
  const auto arguments = in.get<std::uint16_t>();
  for (std::size_t i = 0; i < arguments && in.ok(); ++i) handler.arguments.push_back(get_argument(in));
  return handler;
}

}  // namespace

std::string_view to_string(ArgumentType type) {
  switch (type) {
    case ArgumentType::Text:
      return "text";
    case ArgumentType::Integer:
      return "integer";
    case ArgumentType::Real:
      return "number";
    case ArgumentType::Boolean:
      return "true or false";
    case ArgumentType::Choice:
      return "choice";
  }
  return "unknown";
}

Result<void> check_handlers(std::span<const HandlerDescription> handlers) {
  if (handlers.size() > kMaxHandlers) return Error{"handler table: more than 256 handlers"};
  for (std::size_t i = 0; i < handlers.size(); ++i) {
    if (auto checked = check_handler(handlers[i]); !checked) return checked;
    for (std::size_t j = 0; j < i; ++j) {
      if (handlers[i].name == handlers[j].name) return Error{where(handlers[i]) + ": registered twice in one pool"};
      if (wire::handler_id(handlers[i].name) == wire::handler_id(handlers[j].name)) {
        return Error{where(handlers[i]) + ": its hash equals that of \"" + handlers[j].name + "\"; rename one of them"};
      }
    }
  }
  return {};
}

Result<std::vector<std::byte>> encode_handlers(std::span<const HandlerDescription> handlers) {
  if (auto checked = check_handlers(handlers); !checked) return checked.error();
  wire::ByteWriter out;
  out.put(kTableVersion);
  out.put(static_cast<std::uint16_t>(handlers.size()));
  for (const HandlerDescription& handler : handlers) put_handler(out, handler);
  if (out.size() > kMaxHandlerTableBytes) return Error{"handler table: larger than 256 KiB; shorten the descriptions"};
  return out.take();
}

Result<std::vector<HandlerDescription>> decode_handlers(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxHandlerTableBytes) return Error{"handler table: larger than 256 KiB"};
  wire::ByteReader in(bytes);
  const auto version = in.get<std::uint16_t>();
  const auto count = in.get<std::uint16_t>();
  if (!in.ok() || version != kTableVersion)
    return Error{"handler table: version " + std::to_string(version) + ", expected 1"};
  if (count > kMaxHandlers) return Error{"handler table: more than 256 handlers"};
  std::vector<HandlerDescription> handlers;
  for (std::size_t i = 0; i < count && in.ok(); ++i) handlers.push_back(get_handler(in));
  if (!in.ok()) return Error{"handler table: cut off"};
  if (in.left() != 0) return Error{"handler table: bytes left over at its end"};
  if (auto checked = check_handlers(handlers); !checked) return checked.error();
  return handlers;
}

std::uint64_t handler_table_detail::scaled_result_bytes(const HandlerDescription& handler,
                                                        std::uint64_t request_bytes) {
  const double scaled = std::ceil(handler.result_factor * static_cast<double>(request_bytes));
  if (scaled >= static_cast<double>(kMaxDefaultResult) || handler.result_constant >= kMaxDefaultResult)
    return kMaxDefaultResult;
  return handler.result_constant + static_cast<std::uint64_t>(scaled);
}

}  // namespace ringmaster
