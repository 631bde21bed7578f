#include "daemon/core/daemon/socket_place.h"

#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

TEST(SocketPlace, IsBoundAgainWhereItWasOursAndNobodyIsInTheWay) {
  using enum PlaceSight;
  for (const bool ours : {true, false}) EXPECT_EQ(decide_place(Ours, ours), PlaceAct::Nothing);
  for (const PlaceSight sight : {Gone, Dead}) EXPECT_EQ(decide_place(sight, true), PlaceAct::BindAgain);
  for (const PlaceSight sight : {NoFolder, Foreign, NoSocket}) EXPECT_EQ(decide_place(sight, true), PlaceAct::Complain);
}

TEST(SocketPlace, ThatWasNeverSeenToBeOursIsNotTouched) {
  using enum PlaceSight;
  for (const PlaceSight sight : {Gone, Dead, NoFolder, Foreign, NoSocket}) {
    EXPECT_EQ(decide_place(sight, false), PlaceAct::Complain);
  }
}

}  // namespace
}  // namespace ringmaster::core
