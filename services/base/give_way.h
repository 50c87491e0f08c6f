#pragma once

namespace supervision::base {

// From now on the calling thread gets a core only when those that serve leave one: for compiling,
// comparing, and whatever else nobody waits for.
void GiveWay();

}  // namespace supervision::base
