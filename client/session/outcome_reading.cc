#include "client/session/outcome_reading.h"

#include "base/text.h"

namespace ringmaster::client {

std::string message_of(const shm::JobEnd& end, const shm::ReplyView& reply, std::uint32_t slot) {
  if (end.impossible) return std::string(shm::kImpossibleEnd);
  return clean_text({reply.message(slot).text, end.message_bytes}, shm::kMessageBytes);
}

}  // namespace ringmaster::client
