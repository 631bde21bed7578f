#include "client/session/outcome_reading.h"

#include "base/text.h"

namespace ringmaster {

std::string message_of(const JobEnd& end, const ReplyView& reply, std::uint32_t slot) {
  if (end.impossible) return std::string(kImpossibleEnd);
  return clean_text({reply.message(slot).text, end.message_bytes}, kMessageBytes);
}

}  // namespace ringmaster
