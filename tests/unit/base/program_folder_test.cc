#include "base/program_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace ringmaster {
namespace {

bool has(const std::vector<std::string>& folders, const std::string& folder) {
  return std::find(folders.begin(), folders.end(), folder) != folders.end();
}

TEST(ProgramFolder, IsWhereTheRunningProgramLies) {
  const std::string folder = program_folder();
  EXPECT_EQ(folder.front(), '/');
  EXPECT_EQ(::access((folder + "/base_test").c_str(), X_OK), 0) << folder;
}

TEST(HandlerFolders, BeginWithTheInstalledOneWhichMovesWithItsTree) {
  const std::string here = handler_folders("/opt/rm/libexec/ringmaster").front();
  const std::string moved = handler_folders("/srv/x/libexec/ringmaster").front();
  EXPECT_TRUE(here.ends_with("/ringmaster/handlers")) << here;
  EXPECT_EQ(here.find(".."), std::string::npos) << here;
  EXPECT_NE(here, moved);
}

TEST(HandlerFolders, AreFoundByEachProgramOfATreeThatWasBuilt) {
  for (const char* program : {"/build/worker", "/build/bin", "/build/daemon/supervisor"}) {
    EXPECT_TRUE(has(handler_folders(program), "/build/worker/handlers")) << program;
  }
}

TEST(HandlerFolders, AreNoneOfAnUnknownProgram) { EXPECT_TRUE(handler_folders("").empty()); }

}  // namespace
}  // namespace ringmaster
