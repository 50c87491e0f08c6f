// Overflows a signed number: UndefinedBehaviorSanitizer must end this program.

#include <limits>

int main(int argc, char**) {
  const volatile int step = argc;
  int value = std::numeric_limits<int>::max();
  value += step;
  return value == 0;
}
