#include "daemon/supervisor/supervisor_start.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace ringmaster::daemon {
namespace {

using keeper::DepositKind;

/// A file with that text, gone with this.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) : fd_(::mkstemp(path_)) {
    EXPECT_EQ(::write(fd_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  ~ConfigFile() { ::unlink(path_); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  [[nodiscard]] const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/supervisor_start_XXXXXX";
  UniqueFd fd_;
};

constexpr const char* kText = "[pool.a]\ncommand = [\"/bin/sh\"]\n";

TEST(SupervisorStart, OfASuccessorGoesByWhatTheFirstOneFound) {
  SupervisorStart first;
  const ConfigFile file(kText);
  ASSERT_TRUE(load_configuration(file.path(), first));
  EXPECT_EQ(first.inherited.text, kText);
  EXPECT_EQ(first.config.pools[0].workers, first.cpus.usable);

  const UniqueFd kept = *config::write_inherited(first.inherited);
  SupervisorStart second;
  second.table.deposits = {
      {keeper::make_label(DepositKind::Config, 3, static_cast<std::uint32_t>(first.inherited.text.size())),
       kept.get()}};
  ASSERT_TRUE(load_configuration("/gone/by/now.toml", second));
  EXPECT_EQ(second.inherited, first.inherited);
  EXPECT_EQ(second.cpus.usable, 3U);
  EXPECT_EQ(second.config.pools[0].workers, 3U);
}

TEST(SupervisorStart, RefusesAWrongConfigurationWithItsOwnExitCode) {
  SupervisorStart start;
  const auto loaded = load_configuration("/gone/by/now.toml", start);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, keeper::kExitConfig);
}

TEST(SupervisorStart, AcceptsWhatACheckAcceptsAndSaysTheSameOfTheRest) {
  std::string most = kText;
  most.resize(config::kMaxConfigBytes, '#');
  const std::pair<std::string, bool> texts[] = {
      {kText, true}, {most, true}, {most + "#", false}, {"[pool.a]\nworkers = -1\n", false}};
  for (const auto& [text, good] : texts) {
    const ConfigFile file(text);
    const auto checked = config::load_config(file.path(), config::real_world());
    SupervisorStart start;
    const auto served = load_configuration(file.path(), start);
    EXPECT_EQ(checked.has_value(), good) << text.substr(0, 40);
    ASSERT_EQ(served.has_value(), good) << text.substr(0, 40);
    if (good) continue;
    EXPECT_EQ(served.error().message, checked.error().message);
  }
}

TEST(SupervisorStart, FindsTheSocketThatNobodyHasServedYet) {
  keeper::InheritedTable table;
  table.supervisor = 1;
  table.deposits = {{keeper::make_label(DepositKind::Ledger), 5}, {keeper::make_label(DepositKind::Listener, 0, 0), 6}};
  EXPECT_EQ(unserved_listener(table), -1) << "the daemon's own";
  table.deposits.push_back({keeper::make_label(DepositKind::Listener, 0, 1), 7});
  EXPECT_EQ(unserved_listener(table), 7);
  table.supervisor = 2;
  EXPECT_EQ(unserved_listener(table), -1);
}

TEST(SupervisorStart, LetsItsUserCreatePoolsWhereNobodyElseGetsAtTheSocket) {
  std::string folder = "/tmp/supervisor_start_XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  SupervisorStart start;
  start.socket_path = folder + "/s";
  decide_created_pools(false, start);
  EXPECT_EQ(start.config.limits.pools_per_uid, core::default_pools_per_uid(::geteuid() == 0, false, true));
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  const auto decide = [&] {
    start.config.limits.pools_per_uid.reset();
    decide_created_pools(false, start);
    return start.config.limits.pools_per_uid;
  };
  EXPECT_EQ(decide(), 0U) << "others may enter the folder, and the socket has a group";
  start.config.daemon.socket_mode = 0600;
  EXPECT_EQ(decide(), core::default_pools_per_uid(::geteuid() == 0, false, true));
  start.config.limits.pools_per_uid.reset();
  decide_created_pools(true, start);
  EXPECT_EQ(start.config.limits.pools_per_uid, 16U) << "for one process";
  start.table.deposits = {{keeper::make_label(DepositKind::Listener, 0, 1), -1}};
  EXPECT_EQ(decide(), 0U) << "the service manager's own";
  start.config.limits.pools_per_uid = 3;
  decide_created_pools(false, start);
  EXPECT_EQ(start.config.limits.pools_per_uid, 3U);
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace ringmaster::daemon
