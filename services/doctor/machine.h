#pragma once

#include "services/config/server_settings.h"
#include "services/doctor/finding.h"

namespace supervision::doctor {

// Whether redis.data_directory is there, or can be made, and can be written in: tried with a file
// that is removed again.
void CheckDataDirectory(const config::ServerSettings& settings, Findings* findings);

// Room on its disk, for the least that is asked for and for rewriting the append-only file.
void CheckDisk(const config::ServerSettings& settings, Findings* findings);

// Open files that the service may have (of the one that runs, otherwise of whoever asks), against
// the streams that it is to serve.
void CheckDescriptors(const config::ServerSettings& settings, Findings* findings);

// Whether it could listen, while it does not run.
void CheckPorts(const config::ServerSettings& settings, Findings* findings);

}  // namespace supervision::doctor
