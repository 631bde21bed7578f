#pragma once

#include <cstdint>
#include <vector>

#include "client/abi/exported.h"
#include "proto/handler_table.h"

namespace ringmaster::abi {

/// A pool's handlers as structs of the C interface. They point into the descriptions, which outlive them.
class HandlerInfos {
 public:
  explicit HandlerInfos(const std::vector<HandlerDescription>& handlers);

  /// nullptr: there are not so many.
  [[nodiscard]] const rm_handler_info* at(std::uint64_t index) const noexcept {
    return index < infos_.size() ? &infos_[index].info : nullptr;
  }

 private:
  struct Info {
    rm_handler_info info{};
    std::vector<rm_argument_info> arguments;
    std::vector<const rm_argument_info*> pointers;
    std::vector<std::vector<const char*>> choices;
  };
  [[nodiscard]] static Info info_of(const HandlerDescription& handler);

  std::vector<Info> infos_;
};

}  // namespace ringmaster::abi
