#include "services/ledger/matter_codec.h"

#include "supervision/storage/v1/matter.pb.h"

namespace supervision::ledger {

std::string EncodeMatter(const domain::MatterKeys& keys) {
  storage::v1::StoredMatter stored;
  for (const uint64_t number : keys.numbers) stored.add_numbers(number);
  stored.set_shape(keys.shape);
  stored.set_persons(keys.persons);
  return stored.SerializeAsString();
}

std::shared_ptr<const domain::MatterKeys> DecodeMatter(std::string_view bytes) {
  storage::v1::StoredMatter stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
  auto keys = std::make_shared<domain::MatterKeys>();
  keys->numbers = {stored.numbers().begin(), stored.numbers().end()};
  keys->shape = stored.shape();
  keys->persons = stored.persons();
  return keys;
}

}  // namespace supervision::ledger
