#include "daemon/machine/process_rights.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ringmaster::daemon {
namespace {

TEST(ProcessRights, AreThoseOfTheProcess) {
  const auto rights = rights_of(::getpid(), ::getuid());
  ASSERT_TRUE(rights) << rights.error().message;
  EXPECT_EQ(rights->nice, ::getpriority(PRIO_PROCESS, 0));
  ASSERT_EQ(rights->limits.size(), static_cast<std::size_t>(RLIM_NLIMITS));
  for (const auto& [resource, limit] : rights->limits) {
    rlimit own{};
    ASSERT_EQ(::getrlimit(static_cast<__rlimit_resource>(resource), &own), 0);
    EXPECT_EQ(limit, (core::ProcessLimit{own.rlim_cur, own.rlim_max})) << resource;
  }
  EXPECT_EQ(own_rights().limits, rights->limits);
}

TEST(ProcessRights, OfAnotherUserOrOfNobodyAreNotKnown) {
  EXPECT_FALSE(rights_of(::getpid(), ::getuid() + 1));
  EXPECT_FALSE(rights_of(0x7FFFFFF0, ::getuid())) << "above every pid_max";
  EXPECT_FALSE(rights_of(0, ::getuid())) << "of another PID namespace";
}

}  // namespace
}  // namespace ringmaster::daemon
