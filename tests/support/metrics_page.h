#pragma once

#include <string>

namespace supervision::testing {

// The page of metrics at `address` ("127.0.0.1:9464"), with its head; empty when nothing answers.
std::string MetricsPage(const std::string& address);

// The value of one series of such a page, "name" or "name{label=\"value\"}"; -1 when it is not
// there.
double MetricOf(const std::string& page, const std::string& series);

}  // namespace supervision::testing
