#include "daemon/control/message/session_message.h"

#include <gtest/gtest.h>

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

TEST(SessionMessage, AWishIsWhatTheClientAskedFor) {
  v1::OpenSession request;
  request.set_pool("images");
  request.set_request_ring_bytes(1);
  request.set_result_ring_bytes(2);
  request.set_slots(3);
  request.set_shortest_run_timeout_ms(4);
  request.set_client("app");
  const SessionWish wish = session_wish(request);
  EXPECT_EQ(wish.pool, "images");
  EXPECT_EQ(wish.rings.request_ring_bytes, 1U);
  EXPECT_EQ(wish.rings.result_ring_bytes, 2U);
  EXPECT_EQ(wish.rings.slots, 3U);
  EXPECT_EQ(wish.shortest_run_ms, 4U);
  EXPECT_EQ(wish.client, "app");
}

TEST(SessionMessage, AnOfferNamesTheSessionAndItsSizes) {
  SessionOffer offer;
  offer.key = {7, {11, 12}};
  offer.index = 3;
  offer.geometry = {64, 4096, 8192};
  offer.pool.pool = "images";
  offer.spin = std::chrono::microseconds{5};
  offer.clock_ns = 99;
  const v1::Reply reply = session_message(std::move(offer));
  const v1::SessionFds& fds = reply.session_fds();
  EXPECT_EQ(fds.serial(), 7U);
  EXPECT_EQ(fds.index(), 3U);
  EXPECT_EQ(fds.cookie_high(), 11U);
  EXPECT_EQ(fds.cookie_low(), 12U);
  EXPECT_EQ(fds.slots(), 64U);
  EXPECT_EQ(fds.request_ring_bytes(), 4096U);
  EXPECT_EQ(fds.result_ring_bytes(), 8192U);
  const shm::SessionGeometry geometry{64, 4096, 8192};
  EXPECT_EQ(fds.request_segment_bytes(), geometry.request_segment_bytes());
  EXPECT_EQ(fds.reply_segment_bytes(), geometry.reply_segment_bytes());
  EXPECT_EQ(fds.pool().pool(), "images");
  EXPECT_EQ(fds.spin_ns(), 5000U);
  EXPECT_EQ(fds.clock_ns(), 99U);
}

TEST(SessionMessage, OnlyAResumedSessionHasItsPoolWithIt) {
  EXPECT_FALSE(session_message(SessionReady{7}).session_ready().has_pool());
  SessionResumed known;
  known.serial = 7;
  known.pool.pool = "images";
  const v1::Reply resumed = session_message(std::move(known));
  EXPECT_EQ(resumed.session_ready().serial(), 7U);
  EXPECT_EQ(resumed.session_ready().pool().pool(), "images");
  EXPECT_EQ(session_message(SessionClosed{7}).closed().serial(), 7U);
}

TEST(SessionMessage, ARefusalIsAnErrorWithItsFigures) {
  const v1::Reply reply = session_message(RequestRefusal{RefusalCode::TooLarge, "a ring is too large", 9, 8});
  EXPECT_EQ(reply.error().code(), v1::ERROR_TOO_LARGE);
  EXPECT_EQ(reply.error().message(), "a ring is too large");
  EXPECT_EQ(reply.error().needed(), 9U);
  EXPECT_EQ(reply.error().limit(), 8U);
}

TEST(SessionMessage, AKeyIsTheSessionsSerialAndCookie) {
  v1::ResumeSession request;
  request.set_serial(7);
  request.set_cookie_high(1);
  request.set_cookie_low(2);
  EXPECT_EQ(session_key(request).serial, 7U);
  EXPECT_EQ(session_key(request).cookie, (std::array<std::uint64_t, 2>{1, 2}));
}

}  // namespace
}  // namespace ringmaster::daemon
