#include "daemon/control/peer_admission.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

TEST(Admission, WithoutAListTheSocketsModeDecides) {
  const config::DaemonConfig config;
  const Admission stranger = admit(config, 50, {1, 1000, {1000}});
  EXPECT_TRUE(stranger.allowed);
  EXPECT_FALSE(stranger.admin);
  EXPECT_TRUE(admit(config, 50, {1, 0, {0}}).admin);
  EXPECT_TRUE(admit(config, 50, {1, 50, {50}}).admin);
}

TEST(Admission, AListAdmitsItsUsersAndGroupsAndAdministrators) {
  config::DaemonConfig config;
  config.allow_uids = {1000};
  config.allow_gids = {44};
  config.admin_uids = {7};
  EXPECT_TRUE(admit(config, 50, {1, 1000, {1}}).allowed);
  EXPECT_TRUE(admit(config, 50, {1, 1001, {1, 44}}).allowed);
  EXPECT_FALSE(admit(config, 50, {1, 1001, {1}}).allowed);
  EXPECT_TRUE(admit(config, 50, {1, 7, {7}}).admin);
  EXPECT_TRUE(admit(config, 50, {1, 0, {0}}).allowed);
}

}  // namespace
}  // namespace ringmaster::daemon
