#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/repeated_field.h"
#include "services/classification/catalogue.h"
#include "services/config/problems.h"
#include "supervision/config/v1/catalogue.pb.h"

namespace supervision::config {

// Reads catalogue.yaml. Mistakes stand in Catalogue::mistakes, for Classifier::Create to tell
// together with its own; the status is not OK only when the file cannot be read, or is so broken
// that checks of its meaning would mislead.
absl::StatusOr<classification::Catalogue> LoadCatalogue(const std::string& path);

// What the catalogue and the rules share. Each adds to `problems` what is wrong with the field at
// `path`.
classification::Origin OriginOf(const SourceMap& source, std::string_view path);
std::vector<classification::LegalBasis> ToLegalBasis(
    const google::protobuf::RepeatedPtrField<supervision::config::v1::LegalBasis>& basis,
    const SourceMap& source, const std::string& path, Problems* problems);
classification::EffectiveDates ToEffective(const supervision::config::v1::Effective& effective,
                                           const SourceMap& source, const std::string& path,
                                           Problems* problems);

// The lines of what `problems` would tell, for a list of mistakes.
std::vector<std::string> Lines(const Problems& problems);

}  // namespace supervision::config
