#include "tests/fuzz/json_check.h"

#include <algorithm>

#include "base/text.h"

namespace ringmaster::fuzz {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool whole() {
    const bool read = value(0);
    space();
    return read && text_.empty();
  }

 private:
  static constexpr int kDeepest = 100;

  void space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size())); }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool digits() {
    const std::size_t count = std::min(text_.find_first_not_of("0123456789"), text_.size());
    text_.remove_prefix(count);
    return count > 0;
  }

  bool value(int depth) {
    space();
    if (depth > kDeepest || text_.empty()) return false;
    switch (text_.front()) {
      case '{':
        return list('}', [&] { return space(), string() && (space(), take(":")) && value(depth + 1); });
      case '[':
        return list(']', [&] { return value(depth + 1); });
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }

  template <typename Item>
  bool list(char end, Item&& item) {
    text_.remove_prefix(1);
    space();
    if (take({&end, 1})) return true;
    do {
      if (!item()) return false;
      space();
    } while (take(","));
    return take({&end, 1});
  }

  bool number() {
    (void)take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (!take("e") && !take("E")) return true;
    if (!take("+")) (void)take("-");
    return digits();
  }

  bool string() {
    if (!take("\"")) return false;
    while (!take("\"")) {
      if (take("\\")) {
        if (!escape()) return false;
        continue;
      }
      const DecodedCharacter one = decode_character(text_);
      if (one.length == 0 || one.code < 0x20) return false;
      text_.remove_prefix(one.length);
    }
    return true;
  }

  bool escape() {
    if (take("u")) {
      const bool four =
          text_.size() >= 4 && text_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") == text_.npos;
      text_.remove_prefix(four ? 4 : 0);
      return four;
    }
    const bool known = !text_.empty() && std::string_view("\"\\/bfnrt").find(text_.front()) != std::string_view::npos;
    text_.remove_prefix(known ? 1 : 0);
    return known;
  }

  std::string_view text_;
};

}  // namespace

bool is_json(std::string_view text) { return Reader(text).whole(); }

}  // namespace ringmaster::fuzz
