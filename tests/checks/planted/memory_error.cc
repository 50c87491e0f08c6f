// Reads memory that was freed: AddressSanitizer must end this program.

#include <memory>

int main(int argc, char**) {
  auto owner = std::make_unique<int[]>(8);
  const volatile int* stale = owner.get();
  owner.reset();
  return stale[argc];
}
