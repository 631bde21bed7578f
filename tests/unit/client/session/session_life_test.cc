#include "client/session/session_life.h"

#include <gtest/gtest.h>

namespace ringmaster::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SessionLife::TimePoint at(Duration since) { return SessionLife::TimePoint(since); }

TEST(SessionLife, IsOverWhenItIsClosedOrTheDaemonIsGone) {
  SessionLife life;
  EXPECT_FALSE(life.over());
  EXPECT_TRUE(life.close());
  EXPECT_FALSE(life.close()) << "once";
  EXPECT_TRUE(life.over());
  SessionLife other;
  other.leave();
  EXPECT_TRUE(other.over());
  EXPECT_FALSE(other.closed());
  EXPECT_TRUE(other.close()) << "what is gone can be closed";
}

TEST(SessionLife, SaysWhyItTakesNothing) {
  SessionLife life;
  EXPECT_EQ(life.refusal(shm::BoardClosed::Draining, "images").error, SubmitError::Draining);
  const auto says = [&](shm::BoardClosed board, const char* words) {
    return life.refusal(board, "images").message.find(words) != std::string::npos;
  };
  EXPECT_TRUE(says(shm::BoardClosed::Draining, "\"images\" is draining"));
  EXPECT_TRUE(says(shm::BoardClosed::Quarantined, "has no worker"));
  EXPECT_TRUE(says(shm::BoardClosed::Stopping, "is stopping"));
  EXPECT_TRUE(says(static_cast<shm::BoardClosed>(9), "takes no new work")) << "of a later daemon";
  life.leave();
  EXPECT_EQ(life.refusal(shm::BoardClosed::Draining, "images").message,
            "the daemon is gone; connect and open a session again");
  life.close();
  EXPECT_EQ(life.refusal(shm::BoardClosed::Open, "images").message, "the session is closed; open another");
}

TEST(SessionLife, EndsWhatHasNotEnded) {
  SessionLife life;
  life.leave();
  EXPECT_EQ(life.end_of_the_rest().status, Status::Lost);
  EXPECT_EQ(life.end_of_the_rest().cause, Cause::Lost);
  life.close();
  EXPECT_EQ(life.end_of_the_rest().status, Status::Cancelled) << "its application wanted it";
}

TEST(SessionLife, LooksForTheDaemonOnceANap) {
  SessionLife life;
  EXPECT_TRUE(life.look_is_due(at(seconds(5))));
  life.looked(at(seconds(5)));
  EXPECT_FALSE(life.look_is_due(at(milliseconds(5999))));
  EXPECT_TRUE(life.look_is_due(at(seconds(6))));
  EXPECT_EQ(life.longest_nap(), kLongestNap);
  life.looked(at(seconds(6)), true);
  EXPECT_EQ(life.longest_nap(), kRestingNap) << "while memory is given back";
  EXPECT_TRUE(life.look_is_due(at(seconds(6) + kRestingNap)));
  life.looked(at(seconds(7)), false);
  EXPECT_EQ(life.longest_nap(), kLongestNap);
  life.leave();
  EXPECT_FALSE(life.look_is_due(at(seconds(60)))) << "what is gone does not come back";
}

}  // namespace
}  // namespace ringmaster::client
