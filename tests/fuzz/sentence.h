#pragma once

#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"

namespace ringmaster::fuzz {

/// Checks the message of a refusal: not empty, one line, printable text, and of limited length whatever the peer sent.
inline void check_sentence(std::string_view text, std::size_t most = 2048) {
  const std::string shown = clean_text(text, 200);
  RM_CHECK(!text.empty(), "a refusal without a word");
  RM_CHECK(text.size() <= most, "a refusal of %zu bytes: %s", text.size(), shown.c_str());
  RM_CHECK(is_clean_text(text) && text.find('\n') == std::string_view::npos, "not fit to be shown: %s", shown.c_str());
}

}  // namespace ringmaster::fuzz
