#include "services/base/give_way.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace supervision::base {

void GiveWay() {
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
}

}  // namespace supervision::base
