// What ThreadSanitizer reports and is none, or is none of ours: it asks for this by its name.
//
// The copies of an absl::Status share one value, and the last frees it; libabsl_status.so counts
// them. Debian's is built without ThreadSanitizer, which therefore sees neither the count nor that
// others are done with their copies: freeing looks like a race with a thread that had one earlier.
//
// civetweb writes the Date of its answers with gmtime, whose result all its threads share: where
// two answer at once a Date may be another's. Nothing of ours calls it.

extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:^gmtime$\n"
         "race:^Unref$\n"
         "race:Status::Unref\n"
         "race:CordRepExternalImpl<supervision::domain::*Wrap\n";  // the detail of an error
}
