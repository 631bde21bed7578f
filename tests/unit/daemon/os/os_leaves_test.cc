#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/monotonic_clock.h"
#include "daemon/os/cgroup.h"
#include "daemon/os/descriptors.h"
#include "daemon/os/kernel_features.h"
#include "daemon/os/oom_score.h"
#include "daemon/os/pidfd.h"
#include "daemon/os/process_tree.h"
#include "daemon/os/service_notify.h"

namespace ringmaster::daemon {
namespace {

// A folder that looks like a cgroup, since few machines delegate a real one.
class CgroupFolder : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ringmaster-cgroup-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    path_ = name;
    folder_ = UniqueFd(::open(name, O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  }
  void TearDown() override {
    for (const char* const file : {"/cgroup.kill", "/cgroup.events", "/cgroup.procs"}) ::unlink((path_ + file).c_str());
    ::rmdir(path_.c_str());
  }
  void write(const char* name, const std::string& text) {
    const UniqueFd file(::openat(folder_.get(), name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string read(const char* name) {
    const UniqueFd file(::openat(folder_.get(), name, O_RDONLY | O_CLOEXEC));
    char text[64];
    const ssize_t got = ::read(file.get(), text, sizeof text);
    return got < 0 ? "?" : std::string(text, static_cast<std::size_t>(got));
  }
  std::string path_;
  UniqueFd folder_;
};

TEST_F(CgroupFolder, ReadsWhetherAnybodyIsLeft) {
  EXPECT_EQ(cgroup_empty(folder_.get()), ENOENT);
  write("cgroup.events", "populated 1\nfrozen 0\n");
  EXPECT_EQ(cgroup_empty(folder_.get()), EBUSY);
  write("cgroup.events", "populated 0\nfrozen 0\n");
  EXPECT_EQ(cgroup_empty(folder_.get()), 0);
  write("cgroup.events", "frozen 0\n");
  EXPECT_EQ(cgroup_empty(folder_.get()), EPROTO);
}

TEST_F(CgroupFolder, KillsAndEntersByWriting) {
  EXPECT_EQ(kill_cgroup(folder_.get()), ENOENT);
  write("cgroup.kill", "");
  write("cgroup.procs", "");
  EXPECT_EQ(kill_cgroup(folder_.get()), 0);
  EXPECT_EQ(read("cgroup.kill"), "1");
  EXPECT_EQ(enter_cgroup(folder_.get()), 0);
  EXPECT_EQ(read("cgroup.procs"), "0");
}

TEST_F(CgroupFolder, MakesAnewAndRemovesOnlyWhatIsEmpty) {
  UniqueFd made;
  ASSERT_EQ(make_cgroup(folder_.get(), "w1.1", made), 0);
  ASSERT_EQ(write_cgroup(folder_.get(), "cgroup.procs", "7"), ENOENT);
  write("cgroup.procs", "");
  EXPECT_EQ(write_cgroup(folder_.get(), "cgroup.procs", "7"), 0);
  char text[8];
  EXPECT_EQ(read_cgroup(folder_.get(), "cgroup.procs", text), 1);
  EXPECT_EQ(read_cgroup(folder_.get(), "memory.events", text), -1);
  UniqueFd anew;
  ASSERT_EQ(make_cgroup(folder_.get(), "w1.1", anew), 0);
  struct stat gone {};
  ASSERT_EQ(::fstat(made.get(), &gone), 0);
  EXPECT_EQ(gone.st_nlink, 0u) << "the one before was removed";
  ASSERT_EQ(make_cgroup(anew.get(), "inner", made), 0);
  EXPECT_NE(remove_cgroup(folder_.get(), "w1.1"), 0);
  EXPECT_EQ(remove_cgroup(anew.get(), "inner"), 0);
  EXPECT_EQ(remove_cgroup(folder_.get(), "w1.1"), 0);
  EXPECT_EQ(remove_cgroup(folder_.get(), "w1.1"), ENOENT);
}

TEST_F(CgroupFolder, IsDelegatedWhenItsManagerOrItsOwnerSaysSo) {
  EXPECT_FALSE(is_cgroup(folder_.get()));
  EXPECT_EQ(is_delegated(folder_.get()), ::geteuid() != 0);
  if (::fsetxattr(folder_.get(), "user.delegate", "0", 1, 0) != 0) GTEST_SKIP() << "no extended attributes here";
  EXPECT_EQ(is_delegated(folder_.get()), ::geteuid() != 0);
  ASSERT_EQ(::fsetxattr(folder_.get(), "user.delegate", "1", 1, 0), 0);
  EXPECT_TRUE(is_delegated(folder_.get()));
}

TEST(ServiceNotify, WithoutAnAddressEverySendIsANoOp) {
  ServiceNotify notify;
  EXPECT_EQ(notify.open(""), 0);
  EXPECT_FALSE(notify.active());
  EXPECT_EQ(notify.send("READY=1"), 0);
}

TEST(ServiceNotify, RefusesWhatIsNoAddress) {
  ServiceNotify notify;
  EXPECT_EQ(notify.open("relative"), EINVAL);
  EXPECT_EQ(notify.open("/"), EINVAL);
  EXPECT_EQ(notify.open("/" + std::string(200, 'x')), ENAMETOOLONG);
  EXPECT_EQ(notify.open("/nonexistent/notify"), ENOENT);
}

TEST(ServiceNotify, ReachesAnAbstractSocket) {
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(sa_family_t)), 0);  // autobind
  socklen_t length = sizeof where;
  ASSERT_EQ(::getsockname(manager.get(), reinterpret_cast<sockaddr*>(&where), &length), 0);
  const std::string name(where.sun_path + 1, length - offsetof(sockaddr_un, sun_path) - 1);
  ServiceNotify notify;
  ASSERT_EQ(notify.open("@" + name), 0);
  EXPECT_EQ(notify.send("READY=1"), 0);
  char text[16] = {};
  EXPECT_EQ(::recv(manager.get(), text, sizeof text, MSG_DONTWAIT), 7);
  EXPECT_STREQ(text, "READY=1");
}

TEST(KernelFeatures, ThisMachineHasThemAll) {
  const KernelFeature missing = missing_kernel_feature();
  EXPECT_EQ(missing.name, nullptr) << missing.name;
}

TEST(Pidfd, OfThisProcessIsNoChild) {
  const UniqueFd self = open_pidfd(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(send_signal(self.get(), 0), 0);
  ChildExit exit;
  EXPECT_EQ(peek_exit(self.get(), exit), ECHILD);
  EXPECT_EQ(reap_pid(::getpid()), ECHILD);
}

TEST(ProcessTree, AProcessWithoutChildrenHasNone) {
  pid_t some[4];
  EXPECT_EQ(list_children(some), 0);
}

TEST(Descriptors, DuplicatesAboveANumberAndKeepsCloseOnExec) {
  const UniqueFd copy = duplicate_above(0, 100);
  ASSERT_GE(copy.get(), 100);
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(set_close_on_exec(copy.get(), false), 0);
  EXPECT_EQ(::fcntl(copy.get(), F_GETFD), 0);
  EXPECT_EQ(set_close_on_exec(-1, true), EBADF);
}

TEST(OomScore, FallsBackOnlyWhereItCannotBeRead) {
  const int now = oom_score_adj(12345);
  EXPECT_NE(now, 12345);
  EXPECT_EQ(set_oom_score_adj(now), 0);
}

TEST(MonotonicClock, DoesNotGoBack) {
  const std::uint64_t first = monotonic_ns();
  EXPECT_GE(monotonic_ns(), first);
}

}  // namespace
}  // namespace ringmaster::daemon
