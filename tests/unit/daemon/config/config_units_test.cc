#include "daemon/config/config_units.h"

#include <gtest/gtest.h>

namespace ringmaster::config {
namespace {

using namespace std::chrono_literals;

TEST(ConfigUnits, ReadsDurations) {
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("50us"), 50us);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("87600h"), 87600h);
  for (const char* text : {"", "s", "5", "5 s", "-5s", "1.5s", "5S", "5sec", "87601h", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(ConfigUnits, ReadsSizes) {
  EXPECT_EQ(parse_size("0B"), core::Bytes{0});
  EXPECT_EQ(parse_size("64KiB"), core::kib(64));
  EXPECT_EQ(parse_size("1TiB"), core::gib(1024));
  for (const char* text : {"", "64", "64MB", "64mib", "-1B", "99999999TiB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(ConfigUnits, ReadsModes) {
  EXPECT_EQ(parse_mode("0660"), 0660U);
  EXPECT_EQ(parse_mode("777"), 0777U);
  for (const char* text : {"", "0", "4755", "0x1ff", "0668", "rw-rw----"})
    EXPECT_EQ(parse_mode(text), std::nullopt) << text;
}

TEST(ConfigUnits, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(closest("wrokers", {"spares", "workers"}), "workers");
  EXPECT_EQ(closest("run_timout", {"run_timeout", "queue_timeout"}), "run_timeout");
  EXPECT_EQ(closest("banana", {"spares", "workers"}), "");
  EXPECT_EQ(closest("x", {}), "");
}

}  // namespace
}  // namespace ringmaster::config
