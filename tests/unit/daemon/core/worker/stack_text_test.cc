#include "daemon/core/worker/stack_text.h"

#include <gtest/gtest.h>

#include "daemon/core/worker/recent_faults.h"

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

StackFrame frame(std::string function, std::string module = "/opt/lib/libimages.so", std::uint64_t offset = 0x1f32) {
  StackFrame made;
  made.module = std::move(module);
  made.offset = offset;
  made.function = std::move(function);
  return made;
}

TEST(StackText, NamesAreShort) {
  const std::pair<const char*, const char*> names[] = {
      {"main", "main"},
      {"(anonymous namespace)::spin(ringmaster::Job&)", "spin"},
      {"images::(anonymous namespace)::resize(Picture const&, int) [clone .cold]", "images::resize"},
      {"void std::__invoke_impl<void, main::{lambda(Job&)#1}&, Job&>(std::__invoke_other, Job&)", "std::__invoke_impl"},
      {"main::{lambda(ringmaster::Job&)#3}::operator()(ringmaster::Job&) const", "main::lambda"},
      {"std::map<std::string, std::vector<int> >::at(std::string const&)", "std::map::at"},
      {"Cache<int, (Mode)1>::find(int) const", "Cache::find"},
      {"Bytes::operator<<(int)", "Bytes::operator<<"},
      {"Call::operator()(int (*)(int)) const", "Call::operator()"},
      {"operator new(unsigned long)", "operator new"},
      {"Flag::operator bool() const", "Flag::operator bool"},
      {"Pointer<int>::operator->() const", "Pointer::operator->"},
      {"parse(char const*)::Local::step(int)", "parse::Local::step"},
      {"std::vector<int>& fill<std::vector<int> >(std::vector<int>&)", "fill"},
      {"cooperator(int)", "cooperator"},
      {"", ""},
  };
  for (const auto& [demangled, wanted] : names) EXPECT_EQ(short_name(demangled), wanted) << demangled;
}

TEST(StackText, FrameSaysFileAndLineWhereTheyAreKnown) {
  StackFrame one = frame("images::resize(Picture&)");
  EXPECT_EQ(to_string(one), "images::resize (libimages.so+0x1f32)");
  one.file = "/home/somebody/src/resize.cc";
  one.line = 88;
  EXPECT_EQ(to_string(one), "images::resize (resize.cc:88)");
  EXPECT_EQ(to_string(frame("")), "libimages.so+0x1f32");
  EXPECT_EQ(to_string(frame("", "")), "0x1f32");
}

TEST(StackText, EndsAtTheHandlerAndLeavesTheLibrariesOut) {
  std::vector<StackFrame> frames = {frame("on_fault", "/opt/worker"),
                                    frame("", "/lib/x86_64-linux-gnu/libc.so.6", 0x3bf90),
                                    frame("memcpy", "/lib/x86_64-linux-gnu/libc.so.6"),
                                    frame("images::resize(Picture&)"),
                                    frame("std::_Function_handler<void (Job&), void (*)(Job&)>::_M_invoke(Job&)"),
                                    frame("ringmaster::HandlerTable::run(rm_job*, void*)"),
                                    frame("ringmaster::worker::JobContext::run()", "/opt/worker"),
                                    frame("ringmaster::worker::JobRunner::call()", "/opt/worker"),
                                    frame("main", "/opt/worker")};
  frames[2].interrupted = true;
  frames[6].handler_call = true;
  EXPECT_EQ(short_stack(frames), "#3 images::resize (libimages.so+0x1f32)\n");
  const std::string full = full_stack(frames);
  EXPECT_EQ(full.rfind("#0 on_fault (worker+0x1f32)\n#1 libc.so.6+0x3bf90\n", 0), 0U) << full;
  EXPECT_NE(full.find("#8 main"), std::string::npos);
}

TEST(StackText, OutsideOfAHandlerOursAndTheSystemsAreLeftOut) {
  const std::vector<StackFrame> thread = {frame("__pthread_kill_implementation", "/lib/libc.so.6"),
                                          frame("raise", "/lib/libc.so.6"), frame("Watch::tick()", "/opt/worker"),
                                          frame("start_thread", "/lib/libc.so.6")};
  EXPECT_EQ(short_stack(thread), "#2 Watch::tick (worker+0x1f32)\n");
  const std::vector<StackFrame> idle = {frame("epoll_wait", "/lib/libc.so.6"),
                                        frame("ringmaster::worker::WorkerLoop::park()", "/opt/worker"),
                                        frame("main", "/opt/worker")};
  EXPECT_EQ(short_stack(idle), full_stack(idle)) << "nothing would be left";
  EXPECT_EQ(short_stack({}), "");
}

TEST(StackText, ARecursionIsTwoLines) {
  std::vector<StackFrame> frames(20, frame("fall(int)", "/opt/worker"));
  frames.push_back(frame("run()", "/opt/worker"));
  EXPECT_EQ(short_stack(frames), "#0 fall (worker+0x1f32)\n#1 to #19 the same\n#20 run (worker+0x1f32)\n");
  EXPECT_NE(full_stack(frames).find("#13 fall"), std::string::npos);
}

TEST(StackText, SummaryAndPlaceComeFromTheText) {
  const std::string stack = "#3 images::resize (resize.cc:88)\n#4 run (main.cc:12)\n#5 libz.so+0x10\n";
  EXPECT_EQ(first_place(stack), "resize.cc:88");
  EXPECT_EQ(first_place("#0 libz.so+0x10\n"), "libz.so+0x10");
  EXPECT_EQ(first_place("no stack: it did not stop"), "");
  EXPECT_EQ(stack_summary(stack, 1), "images::resize (resize.cc:88)");
  EXPECT_EQ(stack_summary(stack, 9), "images::resize (resize.cc:88) < run (main.cc:12) < libz.so+0x10");
  EXPECT_EQ(stack_summary("no stack: it did not stop", 1), "no stack: it did not stop");
}

TEST(RecentFaults, ForgetsAfterAMinuteAndKeepsTheYoungest) {
  RecentFaults faults;
  const TimePoint start{100s};
  const RecentFaults::Place place{"ab12", 0x10};
  EXPECT_EQ(faults.find(start, place), 0U);
  faults.note(start, place, 7);
  EXPECT_EQ(faults.find(start + 59s, place), 7U);
  EXPECT_EQ(faults.find(start + 59s, {"ab12", 0x11}), 0U);
  EXPECT_EQ(faults.find(start + 60s, place), 0U);
  for (std::uint64_t i = 0; i < RecentFaults::kMost; ++i) {
    faults.note(start + 1s + std::chrono::milliseconds{i}, {"cd", i}, i + 1);
  }
  EXPECT_EQ(faults.find(start + 2s, place), 0U) << "the oldest made room";
  EXPECT_EQ(faults.find(start + 2s, {"cd", RecentFaults::kMost - 1}), RecentFaults::kMost);
}

TEST(StackText, KeepsWhatWasInlinedIntoAThreadsStart) {
  const auto at = [](const char* module, const char* function, const char* file) {
    StackFrame frame;
    frame.module = module;
    frame.function = function;
    frame.file = file;
    frame.line = 97;
    return frame;
  };
  const char* const start = "std::thread::_State_impl<f()::{lambda()#1}>::_M_run()";
  const StackFrame inlined = at("/opt/images", start, "resize.cc");
  const StackFrame passage = at("/opt/images", start, "std_thread.h");
  const StackFrame below = at("/usr/lib/libc.so.6", "start_thread", "");
  const std::string kept = short_stack(std::vector{inlined, below});
  EXPECT_NE(kept.find("resize.cc:97"), std::string::npos) << kept;
  EXPECT_EQ(kept.find("start_thread"), std::string::npos) << kept;
  const StackFrame own = at("/opt/images", "images::resize(int)", "");
  EXPECT_EQ(short_stack(std::vector{own, passage, below}).find("std_thread.h"), std::string::npos);
}

}  // namespace
}  // namespace ringmaster::core
