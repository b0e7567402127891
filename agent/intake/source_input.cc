#include "agent/intake/source_input.h"

#include <utility>

namespace plasmite {

Result<SourceInput> SourceInput::open(UniqueFd input, Overflow overflow, SourceReport& report) {
  SourceInput opened;
  if (overflow == Overflow::block) {
    opened.input_ = std::move(input);
    return opened;
  }
  auto dropper = LineDropper::start(std::move(input), {.on_left_out = [&report](uint64_t lines) {
                                      report.count_dropped(DropReason::overflow, lines);
                                    }});
  if (!dropper) return std::unexpected(std::move(dropper.error()));
  opened.dropper_ = std::move(*dropper);
  return opened;
}

void SourceInput::close() {
  dropper_.reset();
  input_.reset();
}

bool SourceInput::finish() {
  if (dropper_) dropper_->finish();
  return dropper_ != nullptr;
}

void SourceInput::tell_dropped(SourceWriter& writer) {
  const uint64_t dropped = dropper_ ? dropper_->take_dropped() : 0;
  if (dropped != 0) writer.add_gap({.reason = "overflow", .count = dropped});
}

std::optional<Error> SourceInput::error() const {
  return dropper_ ? dropper_->error() : std::nullopt;
}

}  // namespace plasmite
