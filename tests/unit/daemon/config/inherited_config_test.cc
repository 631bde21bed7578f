#include "daemon/config/inherited_config.h"

#include <gtest/gtest.h>

#include "shm/memfd.h"

namespace ringmaster::config {
namespace {

TEST(InheritedConfig, IsReadAsItWasWritten) {
  for (const InheritedConfig& config :
       {InheritedConfig{}, InheritedConfig{"a = 1\n", ""}, InheritedConfig{"", "/stock\necho.so\n"},
        InheritedConfig{std::string(4096, '#'), "/stock\necho.so\n"},
        InheritedConfig{std::string(1 << 20, '#'), "/s"}}) {
    const auto fd = write_inherited(config);
    ASSERT_TRUE(fd);
    const auto read = read_inherited(fd->get(), config.text.size());
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, config);
  }
}

TEST(InheritedConfig, OfAnotherSizeIsRefused) {
  const auto fd = write_inherited({"a = 1\n", ""});
  EXPECT_FALSE(read_inherited(fd->get(), 1 << 20));
  EXPECT_FALSE(read_inherited(-1, 0));
}

}  // namespace
}  // namespace ringmaster::config
