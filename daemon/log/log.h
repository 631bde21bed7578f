#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "daemon/core/types.h"
#include "daemon/log/log_level.h"

/// The supervisor's log: an event in a few words, and fields. Only log.cc knows the library behind it.
///
///   log_info("worker ready", {{"pool", pool}, {"seat", seat}, {"after", boot_time}});
///
// clang-format off
/// Human:     10:14:07.123 info    worker ready  pool=images seat=0 after=31ms
/// KeyValue:  ts=2026-11-23T10:14:07.123Z level=info event="worker ready" pool=images seat=0 after=31ms
/// Json:      {"ts":"2026-11-23T10:14:07.123Z","level":"info","event":"worker ready","pool":"images","seat":0,"after":"31ms"}
/// Journal:   <6>worker ready  pool=images seat=0 after=31ms
///            The number is the priority of syslog(3), the time is the journal's. A text of several lines (a stack)
///            becomes lines of their own: "<4>    stack: at resize.cc:88".
// clang-format on
///
/// If standard error is the journal's, lines in the other formats start with the number too.
///
/// A time is rounded: above 100 s to seconds, above 10 ms to milliseconds, above 10 us to microseconds.
///
/// Any thread. Never blocks: a line that standard error cannot take at once is dropped and counted, and the next line
/// that gets through tells how many were lost. Control characters are escaped, so that no worker can forge a line.
namespace ringmaster::daemon {

struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, core::Duration, core::Bytes>;
  std::string_view key;
  Value value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view{v}) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, core::Duration v) : key(k), value(v) {}
  LogField(std::string_view k, core::Bytes v) : key(k), value(v) {}
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) LogField(std::string_view k, T v) : key(k) {
    if constexpr (std::is_signed_v<T>) {
      value = static_cast<std::int64_t>(v);
    } else {
      value = static_cast<std::uint64_t>(v);
    }
  }
};
using LogFields = std::initializer_list<LogField>;

/// Call it once, before the first line; earlier lines are written as Auto and Info. `fd` is standard error except in
/// tests.
void log_setup(LogLevel level, LogFormat format, int fd = 2);

void log_debug(std::string_view event, LogFields fields = {});
void log_info(std::string_view event, LogFields fields = {});
void log_warning(std::string_view event, LogFields fields = {});
void log_error(std::string_view event, LogFields fields = {});

/// A line in the given format, without the journal's number; only Journal may make several lines of one. Pure.
[[nodiscard]] std::string render_log_line(LogFormat format, std::string_view time, LogLevel level,
                                          std::string_view event, LogFields fields);

}  // namespace ringmaster::daemon
