#include "daemon/sessions/session.h"

#include <gtest/gtest.h>

#include "tests/unit/shm/fixture.h"

namespace ringmaster::daemon {
namespace {

TEST(Session, ShowsWhatIsQueuedAndWhatRuns) {
  testing::World world;
  Session session;
  session.serial = 7;
  session.uid = 1000;
  session.pool_name = "images";
  session.state = SessionState::Open;
  session.geometry = world.geometry;
  session.request = world.request;
  session.reply = world.reply;
  session.reply.word(1).store(shm::SlotWord::ready(5, 0).bits());
  session.reply.word(2).store(shm::SlotWord::owned(6, shm::SlotState::Running, 0, {1, 1}).bits());
  session.reply.word(3).store(shm::SlotWord::terminal(7, shm::SlotState::Done, 0, Cause::Completed).bits());
  const SessionView view = view_of(session);
  EXPECT_EQ(view.serial, 7U);
  EXPECT_EQ(view.uid, 1000U);
  EXPECT_EQ(view.pool, "images");
  EXPECT_EQ(view.state, "open");
  EXPECT_EQ(view.slots, 64U);
  EXPECT_EQ(view.bytes, core::Bytes{session.bytes()});
  EXPECT_EQ(view.queued, 1U);
  EXPECT_EQ(view.running, 1U);
  EXPECT_FALSE(view.internal);
}

}  // namespace
}  // namespace ringmaster::daemon
