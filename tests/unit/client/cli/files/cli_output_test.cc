#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/standard_descriptors.h"
#include "client/cli/files/result_place.h"
#include "client/cli/files/result_writer.h"
#include "client/cli/files/temporary_file.h"

namespace ringmaster::cli {
namespace {

namespace fs = std::filesystem;

class Output : public ::testing::Test {
 protected:
  Output() {
    char pattern[] = "/tmp/ringmaster-output-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~Output() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<void> write(const std::string& name, std::string_view text, Existing existing) {
    return writer_.write(path(name), std::as_bytes(std::span(text)), existing);
  }
  [[nodiscard]] mode_t mode_of(const std::string& name) const {
    struct stat facts {};
    return ::stat(path(name).c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
  }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  std::string folder_;
  ResultWriter writer_;
};

TEST_F(Output, KeepsTheModeOfWhatItReplaces) {
  for (const mode_t mode : {0600U, 0640U, 0604U, 0755U}) {
    ASSERT_TRUE(write("f", "old", Existing::Replace));
    ASSERT_EQ(::chmod(path("f").c_str(), mode), 0);
    ASSERT_TRUE(write("f", "new", Existing::Replace));
    EXPECT_EQ(mode_of("f"), mode);
    EXPECT_EQ(content(path("f")), "new");
  }
  ASSERT_EQ(::chmod(path("f").c_str(), 04755), 0);
  ASSERT_TRUE(write("f", "new", Existing::Replace));
  EXPECT_EQ(mode_of("f"), 0755U) << "the content is new, so nothing of it runs as its owner";
}

TEST_F(Output, KeepsTheOwnerWhereThatIsAllowed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
  ASSERT_TRUE(write("f", "old", Existing::Replace));
  ASSERT_EQ(::chown(path("f").c_str(), 65534, 65534), 0);
  ASSERT_TRUE(write("f", "new", Existing::Replace));
  struct stat facts {};
  ASSERT_EQ(::stat(path("f").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_uid, 65534U);
  EXPECT_EQ(facts.st_gid, 65534U);
}

TEST_F(Output, NewFilesGoByTheUmask) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(write("f", "x", Existing::Keep));
  ::umask(before);
  EXPECT_EQ(mode_of("f"), 0640U);
}

TEST_F(Output, WhatAKilledProgramLeftIsInNobodysWay) {
  const std::string stale = ".ringmaster-" + std::to_string(::getpid()) + "-f.tmp";
  std::ofstream(path(stale)) << "left";
  ASSERT_TRUE(write("f", "x", Existing::Keep));
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(TemporaryFile::random_name(folder_ + "/"));
  EXPECT_EQ(names.size(), 100U);
  EXPECT_EQ(entries(), 2) << "the stale one and the result";
}

TEST_F(Output, WritesWhateverTheFileSystemCannotDo) {
  for (const Naming naming : {Naming::RenameNoReplace, Naming::Link, Naming::Claim, Naming::InPlace}) {
    writer_.set_naming(folder_ + "/", naming);
    ASSERT_TRUE(write("new", "one", Existing::Keep)) << static_cast<int>(naming);
    EXPECT_EQ(content(path("new")), "one");
    const auto refused = write("new", "two", Existing::Keep);
    ASSERT_FALSE(refused) << "an existing file is never overwritten";
    EXPECT_EQ(refused.error().code, EEXIST);
    EXPECT_EQ(content(path("new")), "one");
    ASSERT_TRUE(write("new", "three", Existing::Replace));
    EXPECT_EQ(content(path("new")), "three");
    EXPECT_EQ(mode_of("new") & 0400U, 0400U);
    EXPECT_EQ(entries(), 1) << "no temporary file is left";
    fs::remove(path("new"));
  }
}

TEST_F(Output, TriesAFolderAndLeavesNothing) {
  EXPECT_EQ(try_folder(folder_ + "/").value(), Naming::RenameNoReplace);
  EXPECT_EQ(entries(), 0);
  EXPECT_FALSE(try_folder(path("nosuch/")));
  std::ofstream(path("file")) << "x";
  EXPECT_FALSE(try_folder(path("file/")));
}

TEST_F(Output, IsToldBeforehandWhatCannotBe) {
  fs::create_directory(path("folder"));
  std::ofstream(path("f")) << "x";
  const auto refused = [&](const std::string& name) { return !writer_.check(name, Existing::Replace); };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(path("nosuch/f")));
  EXPECT_TRUE(refused(path("folder")));
  EXPECT_TRUE(refused(path("new/")));
  EXPECT_TRUE(refused(path("f/x"))) << "a file is not a folder";
  EXPECT_TRUE(refused(path(std::string(256, 'n'))));
  EXPECT_TRUE(refused("/proc/version"));
  fs::create_symlink("circle", path("circle"));
  EXPECT_TRUE(refused(path("circle")));
  EXPECT_FALSE(refused(path("f")));
  EXPECT_FALSE(refused(path("new")));
  EXPECT_FALSE(refused("/dev/null"));
  EXPECT_EQ(content(path("f")), "x");
  EXPECT_EQ(entries(), 3);
}

TEST_F(Output, ALinkToNothingLeadsToANewFile) {
  fs::create_directory(path("there"));
  fs::create_symlink("there/later", path("a"));
  fs::create_symlink("a", path("b"));
  ASSERT_TRUE(write("b", "x", Existing::Replace));
  EXPECT_TRUE(fs::is_symlink(path("b")));
  EXPECT_TRUE(fs::is_symlink(path("a")));
  EXPECT_EQ(content(path("there/later")), "x");
}

TEST_F(Output, WritesToADescriptorThatIsOpenAlready) {
  EXPECT_EQ(descriptor_named("/dev/stdout"), 1);
  EXPECT_EQ(descriptor_named("/dev/fd/63"), 63);
  EXPECT_FALSE(descriptor_named("/dev/fd/x"));
  EXPECT_FALSE(descriptor_named("/dev/null"));
  UniqueFd log(::open(path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_EQ(::write(log.get(), "before ", 7), 7);
  const std::string named = "/dev/fd/" + std::to_string(log.get());
  const std::string text = "result";
  ASSERT_TRUE(writer_.check(named, Existing::Replace));
  ASSERT_TRUE(writer_.write(named, std::as_bytes(std::span(text)), Existing::Replace));
  EXPECT_EQ(content(path("log")), "before result") << "as > /dev/fd/N: not replaced";
  log.reset();
  EXPECT_FALSE(writer_.check(named, Existing::Replace));
}

TEST_F(Output, TellsAFullDiskFromAFileInTheWay) {
  EXPECT_TRUE(writer_.ends_all({"", ENOSPC}, folder_));
  EXPECT_TRUE(writer_.ends_all({"", EDQUOT}, folder_));
  EXPECT_TRUE(writer_.ends_all({"", EROFS}, folder_));
  EXPECT_TRUE(writer_.ends_all({"", EIO}, folder_));
  EXPECT_FALSE(writer_.ends_all({"", EEXIST}, folder_));
  EXPECT_FALSE(writer_.ends_all({"", EPERM}, folder_)) << "the folder takes others";
  EXPECT_TRUE(writer_.ends_all({"", ENOENT}, path("gone")));
}

TEST(StandardDescriptors, AreMovedOutOfTheWay) {
  UniqueFd high(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_GT(high.get(), STDERR_FILENO);
  const int number = high.get();
  high = above_standard(std::move(high));
  EXPECT_EQ(high.get(), number) << "one that is no standard descriptor stays";
  EXPECT_FALSE(above_standard(UniqueFd()));
}

}  // namespace
}  // namespace ringmaster::cli
