#pragma once

#include <optional>
#include <string>

#include "daemon/core/daemon/health.h"

namespace ringmaster::core {

/// Decides when the service manager gets a new status line: at once when the level or the number of reasons changes,
/// otherwise at most every kEvery, and only if a figure has changed. So an idle daemon sends nothing and a busy one
/// little.
class StatusLine {
 public:
  static constexpr Duration kEvery = std::chrono::seconds{5};

  /// True if a line may be due, so that the figures must be counted; if not, ask again at due_at().
  [[nodiscard]] bool due(TimePoint now, const Health& health) const {
    return !said_ || health.level != health_.level || health.reasons.size() != health_.reasons.size() ||
           now >= *said_ + kEvery;
  }
  [[nodiscard]] std::optional<TimePoint> due_at() const {
    return said_ ? std::optional(*said_ + kEvery) : std::nullopt;
  }
  /// The text to send; nullopt: it has not changed. REQUIRES: due().
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
