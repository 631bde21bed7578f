#include <signal.h>
#include <unistd.h>

#include <sstream>

#include "client/cli/console/show_text.h"
#include "tests/integration/cli/command_fixture.h"

namespace ringmaster {
namespace {

class CliTerminal : public CommandTest {
 protected:
  // What a command said to a terminal.
  std::string said_to(Terminal& terminal, std::vector<std::string> arguments) const {
    const pid_t pid = begin({.arguments = std::move(arguments), .terminal = terminal.theirs.get()});
    const Ended ended = finish_reading(pid, terminal);
    EXPECT_EQ(ended.code, 0) << terminal.said;
    return terminal.said;
  }
  Ended finish_reading(pid_t pid, Terminal& terminal) const {
    terminal.read();
    Ended ended = finish(pid);
    terminal.read();
    return ended;
  }
};

TEST_F(CliTerminal, ATextGetsItsLastLineEnd) {
  start_default();
  write("in", "no line end");
  Terminal terminal = open_terminal(80);
  EXPECT_EQ(said_to(terminal, {"submit", "default/echo", "--in", path("in")}), "no line end\r\n");
  write("in", "a line\n");
  terminal.said.clear();
  EXPECT_EQ(said_to(terminal, {"submit", "default/echo", "--in", path("in")}), "a line\r\n");
  EXPECT_EQ(call({"submit", "default/echo", "--in", path("in")}).out, "a line\n") << "only on a terminal";
  write("in", "no line end");
  EXPECT_EQ(call({"submit", "default/echo", "--in", path("in")}).out, "no line end");
}

TEST_F(CliTerminal, TheProgressLineFits) {
  start_default();
  std::vector<std::string> arguments{"map", "default/bcrypt", "--arg", "cost=7", "--out", path("o")};
  for (int at = 0; at < 40; ++at) {
    write("in" + std::to_string(at), "pw");
    arguments.push_back(path("in" + std::to_string(at)));
  }
  for (const unsigned short columns : std::initializer_list<unsigned short>{30, 12}) {
    Terminal terminal = open_terminal(columns);
    std::string said = said_to(terminal, arguments);
    arguments.insert(arguments.begin() + 1, "--force");
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = said.find("\r\x1b[K", at)) != std::string::npos;) {
      at += 4;
      const std::string line = said.substr(at, said.find_first_of("\r\n", at) - at);
      if (line.find('/') == std::string::npos || line.find(" done") != std::string::npos) continue;
      ++lines;
      EXPECT_LE(cli::display_width(line), columns) << line;
    }
    EXPECT_GT(lines, 0U) << said;
  }
}

TEST_F(CliTerminal, OnlyATerminalIsCleared) {
  start_default();
  for (const bool terminal_there : {false, true}) {
    Terminal terminal = open_terminal(80);
    const pid_t watch =
        begin({.arguments = {"status", "--watch"}, .terminal = terminal_there ? terminal.theirs.get() : -1});
    eventually("it has said something", [&] {
      terminal.read();
      return (terminal_there ? terminal.said : content(path("out"))).find("connection") != std::string::npos;
    });
    ASSERT_EQ(::kill(watch, SIGTERM), 0);
    const Ended ended = finish_reading(watch, terminal);
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ((terminal_there ? terminal.said : ended.out).find("\x1b[2J") != std::string::npos, terminal_there);
  }
}

TEST_F(CliTerminal, AReaderThatLeavesIsNoNews) {
  start_default();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  write("in", "x");
  // As standard output and error: nothing may be said there, so only the status tells.
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"status"}, {"submit", "default/echo", "--in", path("in")}}) {
    const pid_t pid = begin({.arguments = arguments, .terminal = ends[1]});
    EXPECT_EQ(finish(pid).code, 9);
  }
  ::close(ends[1]);
}

}  // namespace
}  // namespace ringmaster
