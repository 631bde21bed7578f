#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "client/abi/c_values.h"
#include "client/abi/exported.h"

/// How functions of the C interface end: no exception leaves them.
namespace ringmaster::abi {

inline constexpr const char* kBadStruct =
    "struct_size is wrong, or the struct uses members that this libringmaster does not know; set it by sizeof";

inline int refuse(int code, std::string_view why, char* error, std::size_t error_size) {
  copy_text(why, error, error_size);
  return code;
}

/// Calls act(), which returns RM_ACCEPTED or a refusal; exceptions become refusals.
template <typename Act>
int guarded(char* error, std::size_t error_size, Act&& act) noexcept {
  try {
    return std::forward<Act>(act)();
  } catch (const std::bad_alloc&) {
    return refuse(RM_TOO_LITTLE_MEMORY, "this process has no memory left", error, error_size);
  } catch (const std::exception& failure) {
    return refuse(RM_BAD_OPTION, failure.what(), error, error_size);
  }
}

}  // namespace ringmaster::abi
