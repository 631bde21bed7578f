#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "proto/handler_table.h"

namespace ringmaster {
namespace {

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Empty if `value` is allowed for `argument`; otherwise a text that says what is allowed.
std::string misfit(const ArgumentDescription& argument, std::string_view value) {
  switch (argument.type) {
    case ArgumentType::Text:
      return {};
    case ArgumentType::Integer: {
      const auto number = parse_whole<std::int64_t>(value);
      if (number && *number >= argument.minimum.value_or(*number) && *number <= argument.maximum.value_or(*number))
        return {};
      std::string allowed = "a whole number";
      if (argument.minimum) allowed += ", at least " + std::to_string(*argument.minimum);
      if (argument.maximum) allowed += ", at most " + std::to_string(*argument.maximum);
      return allowed;
    }
    case ArgumentType::Real: {
      const auto number = parse_whole<double>(value);
      return number && std::isfinite(*number) ? std::string{} : "a number";
    }
    case ArgumentType::Boolean:
      return value == "true" || value == "false" ? std::string{} : "true or false";
    case ArgumentType::Choice: {
      if (std::find(argument.choices.begin(), argument.choices.end(), value) != argument.choices.end()) return {};
      std::string allowed = "one of";
      for (const std::string& choice : argument.choices) allowed += " " + choice;
      return allowed;
    }
  }
  return "of a known type";
}

std::string names_of(const HandlerDescription& handler) {
  if (handler.arguments.empty()) return "it takes none";
  std::string names = "it takes";
  for (const ArgumentDescription& argument : handler.arguments) names += " " + argument.name;
  return names;
}

}  // namespace

Result<void> check_arguments(const HandlerDescription& handler, std::span<const ArgumentView> arguments) {
  for (const ArgumentView& given : arguments) {
    const auto known = std::find_if(handler.arguments.begin(), handler.arguments.end(),
                                    [&](const ArgumentDescription& one) { return one.name == given.key; });
    if (known == handler.arguments.end()) {
      return Error{"handler \"" + handler.name + "\": unknown argument \"" + clean_quote(given.key, 64) + "\"; " +
                   names_of(handler)};
    }
    if (const std::string allowed = misfit(*known, given.value); !allowed.empty()) {
      return Error{"handler \"" + handler.name + "\": argument " + known->name + "=\"" + clean_quote(given.value, 64) +
                   "\" must be " + allowed};
    }
  }
  for (const ArgumentDescription& wanted : handler.arguments) {
    const bool given = std::any_of(arguments.begin(), arguments.end(),
                                   [&](const ArgumentView& one) { return one.key == wanted.name; });
    if (wanted.required && !given) {
      return Error{"handler \"" + handler.name + "\": argument \"" + wanted.name + "\" is required (" +
                   std::string(to_string(wanted.type)) + ")"};
    }
  }
  return {};
}

}  // namespace ringmaster
