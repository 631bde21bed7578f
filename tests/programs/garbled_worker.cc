// Not a ringmaster worker at all: says something on its control socket that no worker says, and stays.
#include <unistd.h>

int main() {
  static constexpr char kNoise[] = "noise";
  if (::write(3, kNoise, sizeof kNoise - 1) < 0) return 1;
  while (true) ::pause();
}
