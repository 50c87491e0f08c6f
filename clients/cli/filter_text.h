#pragma once

#include <string>

#include "supervision/v1/alert.pb.h"

namespace supervision::cli {

// What a filter asks for, as --filter takes it; empty for one that asks for nothing.
std::string FilterText(const v1::AlertFilter& filter);

}  // namespace supervision::cli
