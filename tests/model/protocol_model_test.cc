#include <gtest/gtest.h>

#include <string>

#include "tests/model/explorer.h"
#include "tests/model/sets.h"

namespace ringmaster::model {
namespace {

#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kFull = true;
#else
constexpr bool kFull = false;
#endif

std::string test_name(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '-' ? '_' : c;
  return text;
}

class ProtocolModel : public testing::TestWithParam<Config> {};

TEST_P(ProtocolModel, HoldsInEveryReachableState) {
  const Verdict verdict = explore(GetParam());
  EXPECT_TRUE(verdict.holds()) << verdict.violation << "\n" << verdict.trace;
  RecordProperty("states", static_cast<int>(verdict.states));
}

INSTANTIATE_TEST_SUITE_P(Sets, ProtocolModel, testing::ValuesIn(kFull ? ci_sets() : small_sets()),
                         [](const auto& set) { return test_name(set.param.name); });

class ProtocolMutation : public testing::TestWithParam<Mutation> {};

// A model that does not notice a broken protocol proves nothing about a sound one.
TEST_P(ProtocolMutation, IsFound) {
  const Verdict verdict = explore(set_for(GetParam()));
  EXPECT_EQ(verdict.violation, violation_of(GetParam())) << "explored " << verdict.states << " states";
  EXPECT_FALSE(verdict.trace.empty());
}

INSTANTIATE_TEST_SUITE_P(All, ProtocolMutation, testing::ValuesIn(all_mutations()),
                         [](const auto& which) { return test_name(name_of(which.param)); });

}  // namespace
}  // namespace ringmaster::model
