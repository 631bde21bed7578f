#include "proto/control_convert.h"

#include "base/text.h"

namespace ringmaster::wire {
namespace {

namespace v1 = control::v1;

const char* type_name(ArgumentType type) {
  switch (type) {
    case ArgumentType::Text:
      return "text";
    case ArgumentType::Integer:
      return "integer";
    case ArgumentType::Real:
      return "number";
    case ArgumentType::Boolean:
      return "boolean";
    case ArgumentType::Choice:
      return "choice";
  }
  return "text";
}

void to_message(const ArgumentDescription& argument, v1::HandlerArgument& message) {
  message.set_name(argument.name);
  message.set_type(type_name(argument.type));
  message.set_required(argument.required);
  message.set_default_value(argument.default_value);
  message.set_help(argument.help);
  for (const std::string& choice : argument.choices) message.add_choices(choice);
  if (argument.minimum) message.set_minimum(*argument.minimum);
  if (argument.maximum) message.set_maximum(*argument.maximum);
}

}  // namespace

void to_message(std::span<const HandlerDescription> handlers, v1::PoolHandlers& message) {
  for (const HandlerDescription& handler : handlers) {
    v1::Handler& one = *message.add_handlers();
    one.set_name(handler.name);
    one.set_summary(handler.summary);
    for (const ArgumentDescription& argument : handler.arguments) to_message(argument, *one.add_arguments());
    one.set_result_constant(handler.result_constant);
    one.set_result_factor(handler.result_factor);
    one.set_max_request_bytes(handler.max_request_bytes);
    one.set_output_extension(handler.output_extension);
    one.set_listens_to_cancel(handler.listens_to_cancel);
    one.set_change_safe(handler.change_safe);
    one.set_idempotent(handler.idempotent);
  }
  if (const auto table = encode_handlers(handlers)) {
    message.set_table(reinterpret_cast<const char*>(table->data()), table->size());
  }
}

v1::Reply error_reply(std::uint64_t request_id, v1::ErrorCode code, std::string_view message) {
  v1::Reply reply;
  reply.set_id(request_id);
  reply.mutable_error()->set_code(code);
  // What is wrong with an argument may be several things, one a line.
  const bool lines = code == v1::ERROR_BAD_ARGUMENT;
  const std::string clean = lines ? clean_text(message, message.size()) : clean_quote(message, message.size());
  reply.mutable_error()->set_message(shorten_text(clean, 4096));
  return reply;
}

}  // namespace ringmaster::wire
