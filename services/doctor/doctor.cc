#include "services/doctor/doctor.h"

#include "services/doctor/files.h"
#include "services/doctor/machine.h"
#include "services/doctor/redis.h"

namespace supervision::doctor {

std::vector<Finding> Examine(const config::ServerSettings& settings, const base::Clock* clock) {
  Findings findings;
  CheckFiles(settings, clock->Now(), &findings);
  CheckTls(settings, clock->Now(), &findings);
  CheckDataDirectory(settings, &findings);
  CheckDisk(settings, &findings);
  CheckRedis(settings, clock, &findings);
  CheckDescriptors(settings, &findings);
  CheckPorts(settings, &findings);
  return findings.all();
}

}  // namespace supervision::doctor
