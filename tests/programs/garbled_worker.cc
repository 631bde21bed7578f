// Not a ringmaster worker: sends a message on its control socket that no worker sends, and stays alive.
#include <unistd.h>

int main() {
  static constexpr char kNoise[] = "noise";
  if (::write(3, kNoise, sizeof kNoise - 1) < 0) return 1;
  while (true) ::pause();
}
