#include "daemon/core/daemon/socket_place.h"

namespace ringmaster::core {

PlaceAct decide_place(PlaceSight sight, bool seen_ours) {
  switch (sight) {
    case PlaceSight::Ours:
      return PlaceAct::Nothing;
    case PlaceSight::Gone:
    case PlaceSight::Dead:
      return seen_ours ? PlaceAct::BindAgain : PlaceAct::Complain;
    case PlaceSight::NoFolder:
    case PlaceSight::Foreign:
    case PlaceSight::NoSocket:
      return PlaceAct::Complain;
  }
  return PlaceAct::Complain;
}

}  // namespace ringmaster::core
