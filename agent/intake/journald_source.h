// The source that reads a systemd journal: every entry exactly once into the pool, in the journal's
// order, with a gap record before the entry that follows what could not be had. The checkpoint is
// the cursor of the last entry dealt with; it lies in the pool under the source's name and commits
// together with the entries. With several namespaces of journald, each is a journal of its own,
// with a checkpoint NAME@NAMESPACE (that of the default one: NAME).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "agent/intake/journald_lane.h"
#include "agent/intake/source.h"
#include "agent/intake/source_writer.h"

namespace plasmite {

class JournaldSource : public Source {
 public:
  // The context must outlive the source; its configuration is that of a journald source.
  explicit JournaldSource(const SourceContext& context, JournaldSourceOptions options = {});

  Result<SourceEnd> run() override;
  std::optional<Error> probe() const override;

 private:
  Result<void> begin();
  Result<bool> has_begun_before() const;
  Result<void> look_for_namespaces(bool is_first_start);
  Result<void> drop_lanes_without(const std::vector<JournalPlace>& places);
  Result<void> add_lane(const JournalPlace& place, bool from_oldest);
  Result<JournaldLane::Turn> take_turns();
  Result<void> wait();
  int wait_ms() const;

  const SourceContext& context_;
  const JournalOptions& journal_;
  const JournaldSourceOptions options_;
  std::unique_ptr<SourceWriter> writer_;
  std::vector<std::unique_ptr<JournaldLane>> lanes_;  // one, or one for each namespace
  JournaldLane::Clock::time_point looked_at_;         // when we last looked for namespaces
};

}  // namespace plasmite
