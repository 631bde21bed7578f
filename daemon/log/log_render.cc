#include <algorithm>
#include <chrono>
#include <cstdio>

#include "daemon/log/log.h"

namespace ringmaster::daemon {
namespace {

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Error:
      return "error";
  }
  return "info";
}

/// Length of the well-formed UTF-8 sequence at the start of `text`; 0: none. C1 controls (0x80 to 0x9f) count as none,
/// because some terminals act on them.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 && lead <= 0xf4  ? 4
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xc2 && byte(1) < 0xa0) return 0;
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
  if (lead == 0xed && byte(1) >= 0xa0) return 0;  // surrogates
  if (lead == 0xf0 && byte(1) < 0x90) return 0;   // overlong
  if (lead == 0xf4 && byte(1) >= 0x90) return 0;  // beyond Unicode
  return length;
}

/// Escapes control characters, malformed UTF-8 and, if `quoted`, quotes and backslashes, so that one line stays one
/// line. A malformed byte becomes \u00XX in JSON and \xXX elsewhere.
std::string escaped(std::string_view text, bool quoted, bool json) {
  std::string out;
  out.reserve(text.size() + 2);
  char code[8];
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t length = utf8_length(text);
    if (quoted && (c == '"' || c == '\\')) {
      out += '\\';
      out += text.front();
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (length == 0 || c < 0x20 || c == 0x7f) {
      std::snprintf(code, sizeof code, json ? "\\u%04x" : "\\x%02x", unsigned{c});
      out += code;
      length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
  }
  return false;
}

/// To what people read: a measured time has nanoseconds that say nothing. Whole units, as a configuration has them,
/// stay.
core::Duration rounded(core::Duration v) {
  using namespace std::chrono_literals;
  const core::Duration size = v < 0s ? -std::max(v, -core::Duration::max()) : v;
  if (size > core::Duration::max() - 1s) return v;  // the next second lies outside of the type
  if (size >= 100s) return std::chrono::round<std::chrono::seconds>(v);
  if (size >= 10ms) return std::chrono::round<std::chrono::milliseconds>(v);
  if (size >= 10us) return std::chrono::round<std::chrono::microseconds>(v);
  return v;
}

std::string value_text(const LogField::Value& value, LogFormat format) {
  const bool json = format == LogFormat::Json;
  const auto string_text = [&](std::string_view text) {
    if (json || needs_quotes(text)) return '"' + escaped(text, true, json) + '"';
    return escaped(text, false, false);
  };
  struct Visitor {
    const decltype(string_text)& text;
    std::string operator()(std::string_view v) const { return text(v); }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(std::uint64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const {
      // JSON knows no infinity.
      if (!(v > -1e300 && v < 1e300)) return text("not a number");
      char out[32];
      std::snprintf(out, sizeof out, "%.6g", v);
      return out;
    }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(core::Duration v) const { return text(core::to_string(rounded(v))); }
    std::string operator()(core::Bytes v) const { return text(core::to_string(v)); }
  };
  return std::visit(Visitor{string_text}, value);
}

// True for a text of several lines, such as a stack: in the journal it becomes lines of its own.
bool is_block(const LogField& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->find('\n') != std::string_view::npos;
}

std::string block_lines(const LogField& field) {
  std::string lines;
  std::string_view text = std::get<std::string_view>(field.value);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.append("\n    ").append(field.key).append(": ").append(escaped(text.substr(0, end), false, false));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string render_log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view event,
                            LogFields fields) {
  std::string line;
  if (format == LogFormat::Json) {
    line.append("{\"ts\":\"").append(time).append("\",\"level\":\"").append(level_name(level));
    line.append("\",\"event\":\"").append(escaped(event, true, true)).append("\"");
    for (const auto& field : fields) {
      line.append(",\"").append(field.key).append("\":").append(value_text(field.value, format));
    }
    return line + "}";
  }
  if (format == LogFormat::KeyValue) {
    line.append("ts=").append(time).append(" level=").append(level_name(level));
    line.append(" event=").append(value_text(event, format));
  } else if (format == LogFormat::Journal) {
    line.append(escaped(event, false, false));
  } else {
    std::string name = level_name(level);
    name.resize(8, ' ');
    line.append(time).append(" ").append(name).append(escaped(event, false, false));
    if (fields.size() > 0) line.append(" ");
  }
  std::string blocks;
  const char* space = format == LogFormat::Journal ? "  " : " ";
  for (const auto& field : fields) {
    if (format == LogFormat::Journal && is_block(field)) {
      blocks += block_lines(field);
    } else {
      line.append(space).append(field.key).append("=").append(value_text(field.value, format));
      space = " ";
    }
  }
  return line + blocks;
}

}  // namespace ringmaster::daemon
