#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/model/labelled.h"

namespace supervision::config {

// Which names of classes a set of labelled clues may use.
enum class LabelNames : uint8_t {
  kCatalogue,  // the codes of the catalogue only
  // Those of the catalogue; but a set that names none of the 11 scenarios has names of its own.
  kCatalogueOrOwn,
  kAny,
};

// Labelled clues of one or several files.
struct LabelledSet {
  std::vector<std::string> files;
  std::vector<classification::LabelledClue> clues;
  std::vector<size_t> file_of;   // place in `files` of each clue
  bool catalogue_names = false;  // every label is a code of the catalogue
};

// Reads JSON lines with the fields of LabelledClue (id, content and label must be there; others
// that it does not know, like the source system, are left out). INVALID_ARGUMENT tells every
// mistake of all files with file and line: what is no JSON object, missing or of a wrong type, an
// id that occurs twice, an unknown class or risk, a file without clues. NOT_FOUND when a file
// cannot be read.
absl::StatusOr<LabelledSet> LoadLabelledClues(const std::vector<std::string>& files,
                                              LabelNames names);

}  // namespace supervision::config
