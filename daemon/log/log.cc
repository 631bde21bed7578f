#include "daemon/log/log.h"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>

#include "daemon/os/journal_stream.h"

namespace ringmaster::daemon {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Writes whole lines to a descriptor that may be a pipe which nobody reads: lines that cannot be written at once are
/// dropped and counted. A pipe that poll() calls writable takes PIPE_BUF bytes without blocking, so longer lines are
/// written in pieces of that size.
class PatientSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit PatientSink(int fd) : fd_(fd) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (dropped_ > 0) {
      const std::string note =
          "ringmaster: " + std::to_string(dropped_) + " log lines lost, standard error was not read\n";
      if (!write_all(note)) {
        ++dropped_;
        return;
      }
      dropped_ = 0;
    }
    std::string line{message.payload.data(), message.payload.size()};
    line += '\n';
    if (!write_all(line)) ++dropped_;
  }
  void flush_() override {}

 private:
  bool write_all(std::string_view text) {
    constexpr std::size_t kPiece = 4096;  // PIPE_BUF
    while (!text.empty()) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
      const ssize_t written = ::write(fd_, text.data(), std::min(kPiece, text.size()));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  int fd_;
  std::uint64_t dropped_ = 0;
};

struct Destination {
  std::shared_ptr<spdlog::logger> logger;
  LogFormat format;
  bool numbered;  ///< lines start with their priority
};

Destination make_destination(LogLevel level, LogFormat format, int fd) {
  const bool journal = is_journal_stream(fd, std::getenv("JOURNAL_STREAM"));
  if (format == LogFormat::Auto) {
    format = journal ? LogFormat::Journal : ::isatty(fd) != 0 ? LogFormat::Human : LogFormat::KeyValue;
  }
  auto logger = std::make_shared<spdlog::logger>("ringmaster", std::make_shared<PatientSink>(fd));
  logger->set_level(to_spdlog(level));
  return {std::move(logger), format, journal || format == LogFormat::Journal};
}

/// Puts the priority of syslog(3) before each line of `text`, as sd-daemon(3) describes.
std::string numbered(LogLevel level, std::string_view text) {
  const char* const number = level == LogLevel::Debug     ? "<7>"
                             : level == LogLevel::Info    ? "<6>"
                             : level == LogLevel::Warning ? "<4>"
                                                          : "<3>";
  std::string lines = number;
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += number;
  }
  return lines;
}

/// Set once at start-up, before there is a second thread.
Destination& destination() {
  static Destination instance = make_destination(LogLevel::Info, LogFormat::Auto, STDERR_FILENO);
  return instance;
}

/// Local time of day for people, UTC date and time for programs.
std::string now_text(LogFormat format) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  char text[40];
  char millis[8];
  std::snprintf(millis, sizeof millis, ".%03d", static_cast<int>(ms));
  if (format == LogFormat::Human) {
    ::localtime_r(&seconds, &parts);
    std::strftime(text, sizeof text, "%H:%M:%S", &parts);
    return std::string{text} + millis;
  }
  ::gmtime_r(&seconds, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return std::string{text} + millis + "Z";
}

void write_line(LogLevel level, std::string_view event, LogFields fields) {
  const Destination& to = destination();
  if (!to.logger->should_log(to_spdlog(level))) return;
  std::string line = render_log_line(to.format, now_text(to.format), level, event, fields);
  if (to.numbered) line = numbered(level, line);
  to.logger->log(to_spdlog(level), spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace

void log_setup(LogLevel level, LogFormat format, int fd) { destination() = make_destination(level, format, fd); }

void log_debug(std::string_view event, LogFields fields) { write_line(LogLevel::Debug, event, fields); }
void log_info(std::string_view event, LogFields fields) { write_line(LogLevel::Info, event, fields); }
void log_warning(std::string_view event, LogFields fields) { write_line(LogLevel::Warning, event, fields); }
void log_error(std::string_view event, LogFields fields) { write_line(LogLevel::Error, event, fields); }

}  // namespace ringmaster::daemon
