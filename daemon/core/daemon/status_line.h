#pragma once

#include <optional>
#include <string>

#include "daemon/core/daemon/health.h"

namespace ringmaster::core {

/// When the service manager is told how the daemon is: at once when the level or the number of reasons
/// changes, else at most each kEvery, and
/// only if a figure has changed. So an idle daemon says nothing and a busy one little.
class StatusLine {
 public:
  static constexpr Duration kEvery = std::chrono::seconds{5};

  /// Whether the figures are worth counting now; if not, and something may have changed, ask again at the time given.
  [[nodiscard]] bool due(TimePoint now, const Health& health) const {
    return !said_ || health.level != health_.level || health.reasons.size() != health_.reasons.size() ||
           now >= *said_ + kEvery;
  }
  [[nodiscard]] std::optional<TimePoint> due_at() const {
    return said_ ? std::optional(*said_ + kEvery) : std::nullopt;
  }
  /// REQUIRES: due. The text to send; nullopt: it would be the same.
  [[nodiscard]] std::optional<std::string> say(TimePoint now, const Health& health, const DaemonFigures& figures) {
    std::string line = health_line(health, figures);
    health_ = health;
    said_ = now;
    if (line == line_) return std::nullopt;
    line_ = std::move(line);
    return line_;
  }

 private:
  std::optional<TimePoint> said_;
  Health health_;
  std::string line_;
};

}  // namespace ringmaster::core
