#include "client/abi/handler_infos.h"

namespace ringmaster::abi {
namespace {

rm_argument_info argument_info(const ArgumentDescription& argument, const std::vector<const char*>& choices) {
  rm_argument_info info{};
  info.struct_size = sizeof info;
  info.type = static_cast<std::uint32_t>(argument.type);
  info.required = argument.required ? 1 : 0;
  info.has_minimum = argument.minimum ? 1 : 0;
  info.has_maximum = argument.maximum ? 1 : 0;
  info.choice_count = static_cast<std::uint32_t>(choices.size());
  info.minimum = argument.minimum.value_or(0);
  info.maximum = argument.maximum.value_or(0);
  info.name = argument.name.c_str();
  info.help = argument.help.c_str();
  info.default_value = argument.default_value.c_str();
  info.choices = choices.data();
  return info;
}

}  // namespace

HandlerInfos::HandlerInfos(const std::vector<HandlerDescription>& handlers) {
  infos_.reserve(handlers.size());
  for (const HandlerDescription& one : handlers) infos_.push_back(info_of(one));
}

HandlerInfos::Info HandlerInfos::info_of(const HandlerDescription& handler) {
  Info made;
  for (const ArgumentDescription& argument : handler.arguments) {
    std::vector<const char*>& choices = made.choices.emplace_back();
    for (const std::string& choice : argument.choices) choices.push_back(choice.c_str());
  }
  for (std::size_t at = 0; at < handler.arguments.size(); ++at)
    made.arguments.push_back(argument_info(handler.arguments[at], made.choices[at]));
  for (const rm_argument_info& argument : made.arguments) made.pointers.push_back(&argument);
  rm_handler_info& info = made.info;
  info.struct_size = sizeof info;
  if (handler.listens_to_cancel) info.flags |= RM_HANDLER_LISTENS_TO_CANCEL;
  if (handler.change_safe) info.flags |= RM_HANDLER_CHANGE_SAFE;
  if (handler.idempotent) info.flags |= RM_HANDLER_IDEMPOTENT;
  info.name = handler.name.c_str();
  info.summary = handler.summary.c_str();
  info.output_extension = handler.output_extension.c_str();
  info.result_constant = handler.result_constant;
  info.result_factor = handler.result_factor;
  info.max_request_bytes = handler.max_request_bytes;
  info.argument_count = made.pointers.size();
  info.arguments = made.pointers.data();
  return made;
}

}  // namespace ringmaster::abi
