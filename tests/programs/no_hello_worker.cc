// Not a ringmaster worker at all: runs, says nothing on its control socket, writes a line, and stays.
#include <unistd.h>

int main() {
  static constexpr char kLine[] = "hello from a program that is no worker\n";
  if (::write(1, kLine, sizeof kLine - 1) < 0) return 1;
  while (true) ::pause();
}
