#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringmaster::core {

/// One frame of a stack, the innermost first. What is not known is empty or 0.
struct StackFrame {
  std::string module;         ///< path of the program or library; empty: no file is mapped there
  std::string build_id;       ///< of the module, in hex
  std::uint64_t offset = 0;   ///< in the module, as addr2line wants it; the address itself where there is no module
  bool interrupted = false;   ///< a signal hit here: what lies further in is a signal handler's
  bool handler_call = false;  ///< the worker library's call of the job's handler: the job's part of the stack ends here
  std::string function;       ///< demangled
  std::string file;
  unsigned line = 0;

  friend bool operator==(const StackFrame&, const StackFrame&) = default;
};

/// A demangled name without return type, parameters, template arguments, anonymous namespaces and numbers of lambdas:
/// "images::resize", "Cache::find", "spin::lambda", "Bytes::operator<<".
[[nodiscard]] std::string short_name(std::string_view demangled);

/// "resize (resize.cc:88)", "resize (libimages.so+0x1f32)", "libimages.so+0x1f32".
[[nodiscard]] std::string to_string(const StackFrame& frame);

/// What a reader of the stack looks for, one frame a line, "#N " before each: it begins where the fault is, ends at the
/// handler, and leaves out the worker library, the C and C++ libraries. N counts in the whole stack. Where nothing
/// would be left, all of it.
[[nodiscard]] std::string short_stack(std::span<const StackFrame> frames);
/// Every frame.
[[nodiscard]] std::string full_stack(std::span<const StackFrame> frames);

/// Where a stack's text begins, as the end of a sentence: "resize.cc:88", "libimages.so+0x1f32"; empty: it is no stack.
[[nodiscard]] std::string first_place(std::string_view stack);
/// The innermost frames of a stack's text in one line: "resize (resize.cc:88) < run (main.cc:12)". A text that is no
/// stack stays as it is.
[[nodiscard]] std::string stack_summary(std::string_view stack, unsigned frames);

}  // namespace ringmaster::core
