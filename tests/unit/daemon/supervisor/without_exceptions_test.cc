#include "daemon/supervisor/without_exceptions.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

template <typename Exception>
Error thrown(const Exception& exception) {
  const auto result = without_exceptions([&]() -> Result<void> { throw exception; });
  return result.error();
}

TEST(WithoutExceptions, MakesARefusalOfWhatALibraryThrows) {
  EXPECT_EQ(thrown(std::bad_alloc{}).message, "cannot start: memory was refused: Cannot allocate memory");
  EXPECT_EQ(thrown(std::system_error{EACCES, std::generic_category()}).message, "cannot start: Permission denied");
  EXPECT_EQ(thrown(std::runtime_error{"no"}).message, "cannot start: no");
  EXPECT_EQ(thrown(std::runtime_error{"no"}).code, keeper::kExitUnavailable);
}

TEST(WithoutExceptions, LeavesResultsAsTheyAre) {
  EXPECT_TRUE(without_exceptions([]() -> Result<void> { return {}; }));
  EXPECT_EQ(without_exceptions([]() -> Result<void> { return Error{"no", 73}; }).error().code, 73);
}

}  // namespace
}  // namespace ringmaster::daemon
