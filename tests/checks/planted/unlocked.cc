// Writes a guarded member without its mutex: clang's -Wthread-safety must refuse to compile this.

#include "services/base/mutex.h"

class Counter {
 public:
  void Add() { ++value_; }

 private:
  supervision::base::Mutex mutex_;
  int value_ ABSL_GUARDED_BY(mutex_) = 0;
};

int main() {
  Counter counter;
  counter.Add();
  return 0;
}
