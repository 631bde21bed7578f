#include "daemon/machine/program_place.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

TEST(ProgramPlace, IsTheFirstFolderThatHasIt) {
  EXPECT_EQ(find_program("sh", {"/absent", "/bin", "/usr/bin"}), "/bin/sh");
  EXPECT_EQ(find_program("passwd", {"/etc", "/absent"}), "/absent/passwd") << "not a program";
  EXPECT_TRUE(check_program("sh", {"/absent", "/bin"}));
}

TEST(ProgramPlace, NamesEveryPlaceWhereItIsNot) {
  EXPECT_EQ(
      check_program("absent", {"/bin", "/lib"}).error().message,
      "cannot find the program \"absent\": it is neither in \"/bin\", nor in \"/lib\"; install the daemon as a whole "
      "(cmake --install)");
}

}  // namespace
}  // namespace ringmaster::daemon
