#pragma once

#include <string_view>

namespace supervision::domain {

// The part of a W3C traceparent (Trace Context, level 1) that is carried on:
// "00-<32 hex digits of the trace>-<16 of the span>-<2 of flags>". Empty for what is none: a trace
// that cannot be read is not carried on, and harms no call. Of a later version only these parts.
std::string_view TraceParent(std::string_view text);

// The trace's 32 digits in what TraceParent gave; empty for an empty text.
std::string_view TraceIdOf(std::string_view trace_parent);

}  // namespace supervision::domain
