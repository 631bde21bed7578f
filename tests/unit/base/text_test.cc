#include "base/text.h"

#include <gtest/gtest.h>

namespace ringmaster {
namespace {

TEST(CleanText, IsWellFormedAndObeyedByNoTerminal) {
  EXPECT_TRUE(is_clean_text("plain\ttext\nwith \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_clean_text("\x1b[2J"));
  EXPECT_FALSE(is_clean_text(std::string_view("\0", 1)));
  EXPECT_FALSE(is_clean_text("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_clean_text("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_clean_text("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(is_clean_text("\xe2\x82"));          // cut off
  EXPECT_FALSE(is_clean_text("\xc2\x9b"));          // C1 control
}

TEST(CleanText, ReplacesWhatIsNotAndCutsBetweenCharacters) {
  EXPECT_EQ(clean_text("a\x1b\xff z"), "a?? z");
  EXPECT_EQ(clean_text("\xe2\x82\xac\xe2\x82\xac", 4), "\xe2\x82\xac");
  EXPECT_TRUE(is_clean_text(clean_text("\xf0\x9f\x98")));
}

TEST(ShortenText, EndsAtAWord) {
  EXPECT_EQ(shorten_text("short", 5), "short");
  EXPECT_EQ(shorten_text("one two, three", 12), "one two...");
  EXPECT_EQ(shorten_text("one two three", 10), "one two...") << "a word that just fits";
  EXPECT_EQ(shorten_text("a " + std::string(20, 'x'), 12), "a xxxxxxx...") << "no half of the room is given away";
  EXPECT_EQ(shorten_text("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 8), "\xe2\x82\xac...") << "between characters";
  EXPECT_EQ(shorten_text("abcdef", 2), "..");
  for (std::size_t limit = 0; limit < 40; ++limit)
    EXPECT_LE(shorten_text("words of \xe2\x82\xac and more words, and a longer one", limit).size(), limit);
}

TEST(DecodeCharacter, GivesCodeAndLength) {
  EXPECT_EQ(decode_character("a").code, U'a');
  EXPECT_EQ(decode_character("\xe2\x82\xac rest").code, U'\u20ac');
  EXPECT_EQ(decode_character("\xf0\x9f\x98\x80").length, 4U);
  for (const char* bad : {"", "\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
    EXPECT_EQ(decode_character(bad).length, 0U) << bad;
}

TEST(Name, IsShortAndPlain) {
  EXPECT_TRUE(is_name("thumbnail"));
  EXPECT_TRUE(is_name("a.b-c_9"));
  EXPECT_FALSE(is_name(""));
  EXPECT_FALSE(is_name("-x"));
  EXPECT_FALSE(is_name("a/b"));
  EXPECT_FALSE(is_name(std::string(65, 'a')));
}

TEST(CleanText, IsQuotedOnOneLine) {
  EXPECT_EQ(clean_quote("im\nages\t\x1b[m"), "im ages ?[m");
  EXPECT_EQ(clean_quote(std::string(100, 'x')).size(), 80U);
}

}  // namespace
}  // namespace ringmaster
