#pragma once

#include <string>

namespace supervision::cli {

// Where --config looks when it is not given: the folder of an installed package where that is
// there, otherwise the shipped one of the source tree.
std::string DefaultConfigPlace();

}  // namespace supervision::cli
