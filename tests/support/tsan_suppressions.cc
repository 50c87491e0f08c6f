// What ThreadSanitizer reports and is none: it asks for this by its name.
//
// A detail of an error is freed by the last copy of its absl::Status, which libabsl_status.so
// counts. Debian's is built without ThreadSanitizer, which therefore sees neither the count nor
// that what was read before it is over: freeing looks like a race with a thread that read its copy
// earlier.

extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:CordRepExternalImpl<supervision::domain::*Wrap\n";
}
