// One journal on its way into the pool: a reader, and the checkpoint that commits together with
// its entries. A source has one, or one for each of journald's namespaces; they take turns with its
// writer, and what one of them reads is committed before the next one's turn. Not thread-safe, and
// all calls must come from one thread.
#pragma once

#include <poll.h>

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

class JournaldLane {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Turn : uint8_t {
    more,  // there is more to read
    end,   // nothing more for now
  };

  // The references must outlive the lane.
  JournaldLane(const SourceContext& context, const JournaldSourceOptions& options,
               SourceWriter& writer, std::string checkpoint, JournalOptions journal);

  // Takes the right to the checkpoint and what it holds.
  Result<void> lock();
  // Opens the journal where the checkpoint is. Without one: where the configuration says, or
  // from the oldest entry on.
  Result<void> begin(bool from_oldest);
  const std::string& name_space() const { return journal_.place.name_space; }

  // Reads until a commit is worth it, and commits.
  Result<Turn> take_turn();
  Result<void> store_position() { return store(reader_->checkpoint()); }
  // The pool is another one, which may not have the checkpoint.
  Result<void> follow_pool();

  pollfd wait_for() const;
  std::optional<Clock::time_point> wait_until(Clock::time_point now) const;
  Result<void> process();

 private:
  enum class Pause : uint8_t { full, end, failed };

  Result<void> store(const std::string& text);
  void note_stored(const std::string& checkpoint);
  Result<Pause> read_batch();
  Result<void> take(JournalReader::Step step);
  Result<void> commit();
  Result<void> recover();
  Error explained(Error error) const;

  const SourceContext& context_;
  const JournaldSourceOptions& options_;
  SourceWriter& writer_;
  const std::string checkpoint_;  // its name
  JournalOptions journal_;
  std::optional<CheckpointLock> lock_;
  const Pool* locked_pool_ = nullptr;
  std::unique_ptr<JournalReader> reader_;
  std::string stored_;            // the checkpoint in the pool...
  std::string stored_position_;   // ...and its cursor
  Clock::time_point last_entry_;  // when we last read one
  std::optional<Clock::time_point>
      store_at_;                  // when to store a position that moved without records
  std::optional<Error> failure_;  // why the last pause was `failed`
  int failures_ = 0;              // in a row
};

}  // namespace plasmite
