#include "client/cli/console/show_text.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"

namespace ringmaster::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool among(const std::array<Range, N>& ranges, char32_t code) {
  const auto at = std::lower_bound(ranges.begin(), ranges.end(), code,
                                   [](const Range& range, char32_t value) { return range.last < value; });
  return at != ranges.end() && at->first <= code;
}

// Control characters, and format characters that reorder, hide or break a line (Unicode 15: Cc, Zl, Zp, Bidi_Control
// and invisible ones; the joiners U+200C and U+200D are needed by some scripts and stay).
constexpr std::array<Range, 15> kUnfit{{{0x0000, 0x001F},
                                        {0x007F, 0x009F},
                                        {0x00AD, 0x00AD},
                                        {0x061C, 0x061C},
                                        {0x180E, 0x180E},
                                        {0x200B, 0x200B},
                                        {0x200E, 0x200F},
                                        {0x2028, 0x202E},
                                        {0x2060, 0x206F},
                                        {0xFEFF, 0xFEFF},
                                        {0xFFF9, 0xFFFB},
                                        {0xFFFE, 0xFFFF},
                                        {0x1D173, 0x1D17A},
                                        {0xE0000, 0xE00FF},
                                        {0xF0000, 0x10FFFF}}};

// Zero width: combining marks, joiners and variation selectors, roughly the general categories Mn and Me.
constexpr std::array<Range, 33> kNarrow{
    {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05C7}, {0x0610, 0x061A}, {0x064B, 0x065F},
     {0x0670, 0x0670}, {0x06D6, 0x06ED}, {0x0711, 0x0711}, {0x0730, 0x074A}, {0x07A6, 0x07B0}, {0x07EB, 0x07F3},
     {0x0816, 0x082D}, {0x08D3, 0x0902}, {0x093A, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0951, 0x0957},
     {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x0EB1, 0x0EB1}, {0x0EB4, 0x0EBC}, {0x0EC8, 0x0ECE},
     {0x1160, 0x11FF}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200C, 0x200D}, {0x20D0, 0x20FF}, {0x302A, 0x302D},
     {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};

// Two columns: East_Asian_Width W and F, emoji among them.
constexpr std::array<Range, 24> kWide{
    {{0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC}, {0x25FD, 0x25FE}, {0x2614, 0x2615},
     {0x2648, 0x2653}, {0x267F, 0x267F}, {0x26A1, 0x26A1}, {0x26BD, 0x26BE}, {0x2705, 0x2705}, {0x2728, 0x2728},
     {0x274C, 0x274E}, {0x2753, 0x2757}, {0x2795, 0x2797}, {0x2B1B, 0x2B1C}, {0x2E80, 0x303E}, {0x3041, 0xA4CF},
     {0xA960, 0xA97C}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}}};
constexpr Range kWidePlanes{0x16FE0, 0x3FFFD};  // not all of them are wide, but the others are rare in file names

std::size_t width_of(char32_t code) {
  if (among(kNarrow, code)) return 0;
  if (among(kWide, code)) return 2;
  const bool symbols = code >= 0x1D000 && code < 0x1F000;  // mathematical letters and the like
  return code >= kWidePlanes.first && code <= kWidePlanes.last && !symbols ? 2 : 1;
}

}  // namespace

std::string clean_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const DecodedCharacter one = decode_character(text);
    const std::size_t length = std::max<std::size_t>(one.length, 1);
    if (one.code == '\n' || one.code == '\r' || one.code == '\t') {
      out += ' ';
    } else if (one.length == 0 || among(kUnfit, one.code)) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string clean_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += clean_line(text.substr(0, end));
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const DecodedCharacter one = decode_character(text);
    columns += one.length == 0 ? 1 : width_of(one.code);
    text.remove_prefix(std::max<std::size_t>(one.length, 1));
  }
  return columns;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t used = 0; at < text.size();) {
    const DecodedCharacter one = decode_character(text.substr(at));
    used += one.length == 0 ? 1 : width_of(one.code);
    if (used > columns) break;
    at += std::max<std::size_t>(one.length, 1);
  }
  return std::string(text.substr(0, at));
}

}  // namespace ringmaster::cli
