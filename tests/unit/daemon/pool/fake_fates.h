#pragma once

#include <string>
#include <vector>

#include "daemon/ports/session_fates.h"

namespace ringmaster::testing {

class FakeFates final : public daemon::SessionFates {
 public:
  void broken(std::uint16_t, std::uint32_t serial, std::string_view reason) override {
    broken_sessions.push_back(serial);
    last_reason = reason;
  }
  void lost(std::uint16_t, std::uint32_t serial) override { lost_sessions.push_back(serial); }
  unsigned end_queued(std::optional<std::uint32_t>, Cause cause) override {
    ended.push_back(cause);
    return queued;
  }
  void count_crash(std::uint32_t uid) override { crashed_uids.push_back(uid); }
  void end_those_with_holes() override {}

  std::vector<std::uint32_t> broken_sessions, lost_sessions, crashed_uids;
  std::string last_reason;
  std::vector<Cause> ended;  ///< calls of end_queued
  unsigned queued = 0;       ///< what each of them finds
};

}  // namespace ringmaster::testing
