#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/os/journal_stream.h"
#include "daemon/os/kernel_features.h"
#include "daemon/os/limits.h"
#include "daemon/os/signals.h"

namespace ringmaster::daemon {
namespace {

TEST(Limits, SoftOneIsRaisedToTheHardOneAndTheOldOneIsTold) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit lowered{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &lowered), 0);
  rlimit given{};
  EXPECT_EQ(raise_soft_limit(RLIMIT_FSIZE, given), before.rlim_max);
  EXPECT_EQ(given.rlim_cur, rlim_t{1 << 20});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
}

TEST(Limits, ErrorNamesTheOneThatMayBeBehindIt) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit lowered{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &lowered), 0);
  const std::string text = errno_error("cannot size it", EFBIG).message;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(text,
            "cannot size it: File too large (the file size limit, which shared memory counts against, ulimit -f or "
            "LimitFSIZE=, is 1048576 bytes)");
  EXPECT_EQ(errno_error("cannot open it", ENOENT).message, "cannot open it: No such file or directory");
}

TEST(KernelFeature, OldKernelIsToldFromAFilter) {
  const auto lack = [](int error, const char* release) { return why_missing({"x", "5.11", error}, release); };
  EXPECT_EQ(lack(ENOSYS, "5.10.0-28-amd64"), FeatureLack::OldKernel);
  EXPECT_EQ(lack(EINVAL, "4.19.0"), FeatureLack::OldKernel);
  EXPECT_EQ(lack(ENOSYS, "6.1.0-13-amd64"), FeatureLack::Hidden);
  EXPECT_EQ(lack(EPERM, "4.19.0"), FeatureLack::Hidden);
  EXPECT_EQ(lack(EACCES, "6.18"), FeatureLack::Hidden);
  EXPECT_EQ(lack(EMFILE, "6.18"), FeatureLack::NoRoom);
}

TEST(JournalStream, IsTheOneOfTheVariableAndNoOther) {
  const UniqueFd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  struct stat status {};
  ASSERT_EQ(::fstat(file.get(), &status), 0);
  const std::string device = std::to_string(status.st_dev);
  const std::string inode = std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal_stream(file.get(), (device + ":" + inode).c_str()));
  EXPECT_FALSE(is_journal_stream(file.get(), (device + ":" + inode + "0").c_str()));
  EXPECT_FALSE(is_journal_stream(file.get(), (device + ":" + inode + "x").c_str()));
  EXPECT_FALSE(is_journal_stream(file.get(), device.c_str()));
  EXPECT_FALSE(is_journal_stream(file.get(), nullptr));
}

TEST(Signals, FaultsAreWhatAProgramRaisesItself) {
  EXPECT_TRUE(is_fault_signal(SIGSEGV));
  EXPECT_TRUE(is_fault_signal(SIGABRT));
  EXPECT_FALSE(is_fault_signal(SIGTERM));
  EXPECT_FALSE(is_fault_signal(SIGKILL));
}

}  // namespace
}  // namespace ringmaster::daemon
