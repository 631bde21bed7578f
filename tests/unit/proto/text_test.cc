#include "proto/text.h"

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

TEST(Name, IsShortAndPlain) {
  EXPECT_TRUE(is_name("thumbnail"));
  EXPECT_TRUE(is_name("a.b-c_9"));
  EXPECT_FALSE(is_name(""));
  EXPECT_FALSE(is_name("-x"));
  EXPECT_FALSE(is_name("a/b"));
  EXPECT_FALSE(is_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace ringmaster
