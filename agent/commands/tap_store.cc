#include "agent/commands/tap_store.h"

#include <utility>

namespace plasmite {

void TapStore::add_lines(TextLines& lines, LineBuffer& buffer, bool at_end) {
  if (!failure_) {
    auto stored = lines.add_all(buffer, appender_, at_end);
    if (stored) return;
    fail(std::move(stored.error()));
  }
  while (buffer.next()) {
  }
}

void TapStore::add_records(std::span<const std::string> records, const TagBlock& tags,
                           std::optional<CheckpointView> checkpoint) {
  for (const std::string& json : records) {
    if (failure_) return;
    auto added = appender_.add(JsonText::from_encoder(json), &tags);
    if (!added) fail(std::move(added.error()));
  }
  if (failure_) return;
  if (auto stored = appender_.commit(checkpoint); !stored) fail(std::move(stored.error()));
}

void TapStore::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

}  // namespace plasmite
