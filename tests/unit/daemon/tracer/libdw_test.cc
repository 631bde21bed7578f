#include "daemon/tracer/libdw.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/tracer/stack_walk.h"
#include "daemon/tracer/symbols.h"

namespace ringmaster::tracer {
namespace {

TEST(Libdw, IsFoundWithAllOfItsFunctions) {
  const auto libdw = load_libdw();
  ASSERT_TRUE(libdw) << libdw.error().message;
  EXPECT_NE(libdw->dwfl_begin, nullptr);
  EXPECT_NE(libdw->gelf_getshdr, nullptr);
}

TEST(Libdw, IsSaidToBeMissingWhereItIs) {
  const auto libdw = load_libdw("libdw-of-nobody.so.1");
  ASSERT_FALSE(libdw);
  EXPECT_TRUE(libdw.error().message.starts_with("libdw not found (")) << libdw.error().message;
  EXPECT_NE(libdw.error().message.find("libdw-of-nobody.so.1"), std::string::npos) << libdw.error().message;

  StackWalk walk(libdw);
  const Frames frames = walk.capture(Capture{::getpid(), ::getpid(), 1, false, 0, {}}, core::TimePoint());
  EXPECT_TRUE(frames.frames.empty());
  EXPECT_EQ(frames.problem, "no stack: " + libdw.error().message);

  SymbolBook symbols(libdw);
  core::StackFrame frame;
  frame.module = "/proc/self/exe";
  frame.build_id = "00";
  symbols.name(frame, {});
  EXPECT_EQ(frame.function, "");
}

TEST(Libdw, IsRefusedWhereAFunctionIsMissing) {
  const auto other = load_libdw("libc.so.6");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("has no dwfl_addrmodule"), std::string::npos) << other.error().message;
}

}  // namespace
}  // namespace ringmaster::tracer
