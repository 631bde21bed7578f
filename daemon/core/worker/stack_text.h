#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringmaster::core {

/// One frame of a stack, the innermost first. What is not known is empty or 0.
struct StackFrame {
  std::string module;        ///< path of the program or library; empty: no file is mapped there
  std::string build_id;      ///< of the module, in hex
  std::uint64_t offset = 0;  ///< in the module, as addr2line needs it; the address itself if there is no module
  bool interrupted = false;  ///< a signal interrupted this frame: the frames before it belong to a signal handler
  bool handler_call =
      false;             ///< where the worker library calls the job's handler: the job's part of the stack ends here
  std::string function;  ///< demangled
  std::string file;
  unsigned line = 0;

  friend bool operator==(const StackFrame&, const StackFrame&) = default;
};

/// A demangled name without return type, parameters, template arguments, anonymous namespaces and numbers of lambdas:
/// "images::resize", "Cache::find", "spin::lambda", "Bytes::operator<<".
[[nodiscard]] std::string short_name(std::string_view demangled);

/// "resize (resize.cc:88)", "resize (libimages.so+0x1f32)", "libimages.so+0x1f32".
[[nodiscard]] std::string to_string(const StackFrame& frame);

/// The interesting frames, one per line with "#N " before each: from the fault to the handler, without the worker
/// library and the C and C++ libraries. N is the number in the whole stack. If nothing would be left, all frames.
[[nodiscard]] std::string short_stack(std::span<const StackFrame> frames);
/// Every frame.
[[nodiscard]] std::string full_stack(std::span<const StackFrame> frames);

/// The place of a stack's first frame, to end a sentence: "resize.cc:88", "libimages.so+0x1f32"; empty: not a stack.
[[nodiscard]] std::string first_place(std::string_view stack);
/// The innermost frames of a stack's text in one line: "resize (resize.cc:88) < run (main.cc:12)". A text that is not a
/// stack is returned unchanged.
[[nodiscard]] std::string stack_summary(std::string_view stack, unsigned frames);

}  // namespace ringmaster::core
