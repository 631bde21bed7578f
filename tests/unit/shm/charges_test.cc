#include "shm/charges.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/shm/fixture.h"

namespace ringmaster::shm {
namespace {

struct Control {
  testing::Memory memory{sizeof(ControlRecord)};
  ControlRecord& record = *format_control(memory.span(), 0, {1, 1});
};

TEST(Charges, AWorkerReadsWhatItsSupervisorWrote) {
  Control control;
  ChargedUsers users;
  EXPECT_FALSE(users.outdated(control.record));
  const std::vector<ChargedUser> list = {{0, 3, 0}, {1000, 21, 77}};
  write_charges(control.record, list);
  EXPECT_TRUE(users.outdated(control.record));
  ASSERT_TRUE(users.read(control.record));
  EXPECT_FALSE(users.outdated(control.record));
  ASSERT_NE(users.find(1000), nullptr);
  EXPECT_EQ(*users.find(1000), list[1]);
  EXPECT_EQ(*users.find(0), list[0]);
  EXPECT_EQ(users.find(1), nullptr);
}

TEST(Charges, TheSameListAgainIsNoNews) {
  Control control;
  const std::vector<ChargedUser> list = {{1000, 21, 77}};
  write_charges(control.record, list);
  ChargedUsers users;
  ASSERT_TRUE(users.read(control.record));
  write_charges(control.record, list);
  EXPECT_FALSE(users.outdated(control.record));
  write_charges(control.record, {});
  ASSERT_TRUE(users.outdated(control.record));
  ASSERT_TRUE(users.read(control.record));
  EXPECT_EQ(users.find(1000), nullptr);
}

TEST(Charges, ASupervisorThatDiedOverTheListLeavesTheOldOneInForce) {
  Control control;
  const std::vector<ChargedUser> list = {{1000, 21, 77}};
  write_charges(control.record, list);
  ChargedUsers users;
  ASSERT_TRUE(users.read(control.record));
  control.record.charges_version.fetch_add(1);
  control.record.charges.store(0);
  EXPECT_TRUE(users.outdated(control.record));
  EXPECT_FALSE(users.read(control.record));
  EXPECT_NE(users.find(1000), nullptr);
  // Its successor writes it anew, also where it reads the same.
  write_charges(control.record, {});
  ASSERT_TRUE(users.read(control.record));
  EXPECT_EQ(users.find(1000), nullptr);
}

TEST(Charges, ANumberThatCannotBeReadsNoFurtherThanTheList) {
  Control control;
  control.record.charges.store(UINT32_MAX);
  control.record.charges_version.store(2);
  ChargedUsers users;
  EXPECT_TRUE(users.read(control.record));
  const std::vector<ChargedUser> many(kMaxCharges + 10, ChargedUser{5, 1, 0});
  write_charges(control.record, many);
  EXPECT_EQ(control.record.charges.load(), kMaxCharges);
}

}  // namespace
}  // namespace ringmaster::shm
