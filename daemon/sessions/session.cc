#include "daemon/sessions/session.h"

#include "shm/slots.h"

namespace ringmaster::daemon {

SessionView view_of(const Session& session) {
  SessionView view;
  view.serial = session.serial;
  view.index = session.index;
  view.pool = session.pool_name;
  view.uid = session.uid;
  view.client = session.client;
  view.state = to_string(session.state);
  view.slots = session.geometry.slots;
  view.bytes = core::Bytes{session.bytes()};
  view.internal = session.internal();
  for (const auto [slot, word] : shm::slot_words(session.reply)) {
    if (word.state() == shm::SlotState::Ready) ++view.queued;
    if (word.is_owned()) ++view.running;
  }
  return view;
}

}  // namespace ringmaster::daemon
