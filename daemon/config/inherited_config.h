#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ringmaster::config {

/// What the first supervisor made its configuration from, and what each successor uses too, even if the file has
/// changed. Deposited with the keeper as one memfd: the text, then the stock list, then zeros.
struct InheritedConfig {
  std::string text;   ///< of the file; empty: the embedded default
  std::string stock;  ///< stock_list.h

  friend bool operator==(const InheritedConfig&, const InheritedConfig&) = default;
};

[[nodiscard]] Result<UniqueFd> write_inherited(const InheritedConfig& config);
/// `text_bytes`: the size of the text, from the deposit's label. Does not close `fd`.
[[nodiscard]] Result<InheritedConfig> read_inherited(int fd, std::size_t text_bytes);

}  // namespace ringmaster::config
