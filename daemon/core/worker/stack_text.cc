#include "daemon/core/worker/stack_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

namespace ringmaster::core {
namespace {

constexpr std::string_view kAnonymous = "(anonymous namespace)::";
constexpr std::string_view kLambda = "{lambda";
constexpr std::string_view kOperator = "operator";

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The position after the bracket that closes the one at `at`.
std::size_t past(std::string_view text, std::size_t at, char open, char close) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == open) ++depth;
    // The ">" of "->" and "operator->" is not a closing bracket.
    if (text[at] == close && !(close == '>' && at > 0 && text[at - 1] == '-') && --depth == 0) return at + 1;
  }
  return at;
}

// "{lambda(int)#1}" → "lambda", without the operator() that follows.
std::string name_lambdas(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t at = text.find(kLambda);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += "lambda";
    text.remove_prefix(past(text, at, '{', '}'));
    constexpr std::string_view kCall = "::operator()";
    if (text.starts_with(kCall)) text.remove_prefix(kCall.size());
  }
}

// The symbol of an operator's name at `at`: "()" or "<<"; empty for "operator new", "operator bool".
std::string_view operator_symbol(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with("()")) return text.substr(at, 2);
  std::size_t end = at;
  while (end < text.size() && std::string_view("<>=!+-*/%^&|~,[]").find(text[end]) != std::string_view::npos) ++end;
  // In "operator< <int>" the brackets after the symbol belong to a template.
  return text.substr(at, end - at);
}

bool starts_operator(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with(kOperator) || (at > 0 && is_word(text[at - 1]))) return false;
  const std::size_t end = at + kOperator.size();
  return end < text.size() && !is_word(text[end]);
}

constexpr std::array<std::string_view, 9> kLibraries = {"libc.so", "libstdc++.so", "libgcc_s.so",
                                                        "libm.so", "ld-linux",     "libpthread.so",
                                                        "libc-2",  "libpthread-2", "libc++"};
// Functions between the worker library and a handler, and below main().
constexpr std::array<std::string_view, 9> kPassages = {"ringmaster::HandlerTable::",
                                                       "ringmaster::HandlerFunction",
                                                       "std::_Function_handler",
                                                       "std::function",
                                                       "std::__invoke",
                                                       "std::invoke",
                                                       "std::thread::",
                                                       "_start",
                                                       "__libc_start"};
// The worker library itself, left out of stacks without a handler.
constexpr std::array<std::string_view, 2> kOurs = {"ringmaster::worker::", "ringmaster::worker_main"};

template <std::size_t N>
bool begins_with_one(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) { return text.starts_with(one); });
}

// Compares without the return type, which only instances of templates have: "void std::f<int>".
bool names_one(const StackFrame& frame, const auto& list) {
  const std::string_view name = frame.function;
  return begins_with_one(name, list) || begins_with_one(short_name(name), list);
}

// True for a source file, not a header: then a frame of kPassages shows code of the handler that was inlined into it.
bool in_source_file(const StackFrame& frame) {
  const std::string_view file = frame.file;
  const std::size_t dot = file.rfind('.');
  return dot != std::string_view::npos && dot + 1 < file.size() && (file[dot + 1] == 'c' || file[dot + 1] == 'C');
}

bool of_no_interest(const StackFrame& frame) {
  return begins_with_one(base_name(frame.module), kLibraries) || names_one(frame, kOurs) ||
         (names_one(frame, kPassages) && !(frame.function.starts_with("std::") && in_source_file(frame)));
}

std::string line_of(std::size_t number, const StackFrame& frame) {
  return "#" + std::to_string(number) + " " + to_string(frame) + "\n";
}

// Adds frame i and all equal frames after it as two lines at most, so that a recursion does not hide the rest.
void add_run(std::string& text, std::span<const StackFrame> frames, std::size_t& i, std::size_t end) {
  const std::size_t first = i;
  const std::string shown = to_string(frames[i]);
  while (i + 1 < end && to_string(frames[i + 1]) == shown) ++i;
  text += line_of(first, frames[first]);
  if (i == first + 1) text += line_of(i, frames[i]);
  if (i > first + 1) text += "#" + std::to_string(first + 1) + " to #" + std::to_string(i) + " the same\n";
}

// Without the number: "#12 resize (resize.cc:88)" → "resize (resize.cc:88)".
std::string_view unnumbered(std::string_view line) {
  const std::size_t space = line.find(' ');
  return space == std::string_view::npos ? line : line.substr(space + 1);
}

}  // namespace

std::string short_name(std::string_view demangled) {
  std::string plain(demangled);
  for (std::size_t at = 0; (at = plain.find(kAnonymous)) != std::string::npos;) plain.erase(at, kAnonymous.size());
  plain = name_lambdas(plain);
  const std::string_view text = plain;
  std::string name;
  bool in_operator = false;  // spaces belong to the name: "operator new", "operator bool"
  for (std::size_t at = 0; at < text.size();) {
    if (starts_operator(text, at)) {
      const std::string_view symbol = operator_symbol(text, at + kOperator.size());
      name += kOperator;
      name += symbol;
      at += kOperator.size() + symbol.size();
      in_operator = symbol.empty();
    } else if (text[at] == '<') {
      at = past(text, at, '<', '>');
    } else if (text[at] == '(') {
      at = past(text, at, '(', ')');
      // A local name: "f(int)::Local::g()". Else the rest is "const", "[clone .cold]".
      if (!text.substr(at).starts_with("::")) break;
    } else if (text[at] == '[') {
      at = past(text, at, '[', ']');
    } else if (text[at] == ' ' && !in_operator) {
      name.clear();  // a return type
      ++at;
    } else {
      name += text[at++];
    }
  }
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name.empty() ? plain : name;
}

std::string to_string(const StackFrame& frame) {
  char number[32];
  std::snprintf(number, sizeof number, "0x%llx", static_cast<unsigned long long>(frame.offset));
  const std::string module(base_name(frame.module));
  std::string place = module.empty() ? number : module + "+" + number;
  if (!frame.file.empty()) place = std::string(base_name(frame.file)) + ":" + std::to_string(frame.line);
  return frame.function.empty() ? place : short_name(frame.function) + " (" + place + ")";
}

std::string short_stack(std::span<const StackFrame> frames) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].interrupted) begin = i;
  }
  std::size_t end = begin;
  while (end < frames.size() && !frames[end].handler_call) ++end;
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    // In a stack without a handler main() tells nothing.
    if (of_no_interest(frames[i]) || (end == frames.size() && frames[i].function == "main")) continue;
    add_run(text, frames, i, end);
  }
  if (!text.empty()) return text;
  for (std::size_t i = begin; i < frames.size(); ++i) add_run(text, frames, i, frames.size());
  return text;
}

std::string full_stack(std::span<const StackFrame> frames) {
  std::string text;
  for (std::size_t i = 0; i < frames.size(); ++i) text += line_of(i, frames[i]);
  return text;
}

std::string first_place(std::string_view stack) {
  if (!stack.starts_with('#')) return {};
  const std::string_view line = unnumbered(stack.substr(0, stack.find('\n')));
  const std::size_t open = line.rfind(" (");
  if (open == std::string_view::npos || !line.ends_with(')')) return std::string(line);
  return std::string(line.substr(open + 2, line.size() - open - 3));
}

std::string stack_summary(std::string_view stack, unsigned frames) {
  if (!stack.starts_with('#')) return std::string(stack);
  std::string summary;
  for (unsigned shown = 0; shown < frames && !stack.empty(); ++shown) {
    const std::string_view line = stack.substr(0, stack.find('\n'));
    summary += (shown == 0 ? "" : " < ") + std::string(unnumbered(line));
    stack.remove_prefix(std::min(stack.size(), line.size() + 1));
  }
  return summary;
}

}  // namespace ringmaster::core
