#pragma once

#include <string>

#include "proto/handler_table.h"

namespace ringmaster::fuzz {

/// An argument of a handler, for seeds: with a range or choices where its type has them.
[[nodiscard]] inline ArgumentDescription argument(const std::string& name, ArgumentType type) {
  ArgumentDescription made;
  made.name = name;
  made.type = type;
  if (type == ArgumentType::Choice) made.choices = {"inside", "cover", "jpeg", "png"};
  if (type == ArgumentType::Integer) {
    made.minimum = 1;
    made.maximum = 999;
  }
  return made;
}

}  // namespace ringmaster::fuzz
