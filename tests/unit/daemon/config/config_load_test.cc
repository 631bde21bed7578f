#include "daemon/config/config_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "tests/unit/daemon/config/fake_world.h"

namespace ringmaster::config {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

/// What `--check` and the first supervisor make of a file, and what the second one makes of what the first one kept.
struct Loads {
  Result<Loaded> first;
  Result<Loaded> second;
};
Loads load_both(const std::string& text) {
  char path[] = "/tmp/config_load_XXXXXX";
  const UniqueFd file(::mkstemp(path));
  EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  Result<Loaded> first = load_config(path, fake_world());
  ::unlink(path);
  Result<Loaded> second = first ? load_inherited(first->source, path, fake_world()) : first;
  return {std::move(first), std::move(second)};
}

TEST(ConfigLoad, GivesASuccessorTheSame) {
  for (const char* text : {"", "[pool.a]\ncommand = [\"/bin/thumb\"]\n[pool.b]\nworkers = 3\n"}) {
    const auto [first, second] = load_both(text);
    ASSERT_TRUE(first && second) << text;
    EXPECT_EQ(first->config, second->config);
    EXPECT_EQ(first->source, second->source);
    EXPECT_EQ(first->source.text, text);
    EXPECT_TRUE(first->warnings.empty() && second->warnings.empty());
  }
}

TEST(ConfigLoad, OfNoFileIsTheEmbeddedDefault) {
  const auto loaded = load_config("", fake_world());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config, *default_config(fake_world()).config);
}

TEST(ConfigLoad, TakesOneMiBAndNoMore) {
  const std::string most(kMaxConfigBytes, '#');
  EXPECT_TRUE(load_both(most).first);
  const auto refused = load_both(most + "#").first;
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("more than 1 MiB; is it the right file?"));
}

TEST(ConfigLoad, SaysWhyThereIsNothingToRead) {
  EXPECT_EQ(load_config("/nonexistent/ringmaster.toml", fake_world()).error().message,
            "cannot read the configuration \"/nonexistent/ringmaster.toml\": No such file or directory");
  EXPECT_FALSE(load_config("/", fake_world()));
}

TEST(ConfigLoad, OfASuccessorPassesOverWhatTheMachineHasNoMore) {
  auto loaded = load_both("[pool.a]\ncommand = [\"/bin/thumb\"]\n").first;
  ASSERT_TRUE(loaded);
  World later = fake_world();
  later.stat = [](const std::string&) { return std::nullopt; };
  const auto again = load_inherited(loaded->source, "r.toml", later);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->warnings, UnorderedElementsAre(HasSubstr("no such file"), HasSubstr("no such folder")));
  EXPECT_FALSE(load_config("", later).error().message.empty());
}

TEST(ConfigLoad, OfASuccessorHasTheHandlersOfBeforeAnUpgrade) {
  World upgraded = fake_world();
  upgraded.list = [](const std::string&) -> std::vector<std::string> { return {"echo.so", "new.so"}; };
  const auto first = load_config("", fake_world());
  const auto second = load_inherited(first->source, "", upgraded);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->config, first->config);
  EXPECT_EQ(second->source, first->source);
}

}  // namespace
}  // namespace ringmaster::config
