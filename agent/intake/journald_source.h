// The source that reads a systemd journal: every entry exactly once into the pool, in the journal's
// order, with a gap record before the entry that follows what could not be had. The checkpoint is
// the cursor of the last entry dealt with; it lies in the pool under the source's name and commits
// together with the entries.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "agent/intake/checkpoint_lock.h"
#include "agent/intake/source.h"
#include "agent/intake/source_writer.h"
#include "sources/journal/journal_reader.h"

namespace plasmite {

struct JournaldSourceOptions {
  bool once = false;  // finished when there is nothing more to read
  // After this long a position that only passed over entries is stored, too.
  std::chrono::milliseconds checkpoint_delay{5000};
};

class JournaldSource : public Source {
 public:
  // The context must outlive the source; its configuration is that of a journald source.
  explicit JournaldSource(const SourceContext& context, JournaldSourceOptions options = {});

  Result<SourceEnd> run() override;
  std::optional<Error> probe() const override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Pause : uint8_t { full, end, failed };

  Result<void> begin();
  Result<void> lock_checkpoint();
  Result<Pause> read_batch();
  Result<void> take(JournalReader::Step step);
  Result<void> commit();
  Result<void> store_position() { return store_position(reader_->position()); }
  Result<void> store_position(const std::string& position);
  Result<bool> look_through();
  Result<void> recover();
  Result<void> wait();
  int wait_ms() const;
  bool is_position_stored() const { return reader_->position() == stored_; }

  const SourceContext& context_;
  const JournalOptions& journal_;
  const JournaldSourceOptions options_;
  std::unique_ptr<SourceWriter> writer_;
  std::optional<CheckpointLock> lock_;
  const Pool* locked_pool_ = nullptr;
  std::unique_ptr<JournalReader> reader_;
  std::string stored_;            // the checkpoint in the pool
  Clock::time_point last_entry_;  // when we last read one
  std::optional<Clock::time_point>
      store_at_;                  // when to store a position that moved without records
  bool has_moved_ = false;        // the journal changed since we last looked how far it goes
  std::optional<Error> failure_;  // why the last pause was `failed`
  int failures_ = 0;              // in a row
};

}  // namespace plasmite
