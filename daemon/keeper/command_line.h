#pragma once

namespace ringmaster::keeper {

/// What ringmasterd was asked to do. The strings are those of argv.
struct CommandLine {
  enum class Action { Run, Check, PrintConfig, Version, Help, Wrong };
  Action action = Action::Run;
  const char* config = nullptr;
  const char* socket = nullptr;
  const char* owner = nullptr;     ///< the number of the descriptor that hangs up with the owner
  const char* folder = nullptr;    ///< that was made for the daemon, and is removed with it
  const char* check = nullptr;     ///< the file of --check
  const char* offender = nullptr;  ///< Wrong: the argument at fault
  const char* problem = nullptr;   ///< Wrong: what is wrong with it
};

/// Options may be written "--config FILE" or "--config=FILE".
[[nodiscard]] CommandLine parse_command_line(int argc, char* const* argv);

extern const char* const kUsage;

}  // namespace ringmaster::keeper
