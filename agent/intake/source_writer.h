// Where the sources of the agent put their records: the append path (core/append) plus what a
// daemon adds to it: accounting, gap records, and patience. A batch that its pool does not take now
// is kept and tried again (the source's state is `blocked` meanwhile) until it is stored or the
// stop signal says `now`; a pool that is gone is made again. So a source that uses this one loses
// nothing that it handed over. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/intake/source.h"
#include "core/append/appender.h"
#include "core/base/error.h"
#include "core/pool/pool.h"
#include "core/pool/record.h"

namespace plasmite {

// {"count":N|null,"from":…|null,"kind":"gap","reason":"…","source":"…","to":…|null}
struct SourceGap {
  std::string_view
      reason;  // one word of a fixed set: "overflow", "retention", "damage"
  std::optional<uint64_t> count;   // none: nobody can know
  std::string from = {}, to = {};  // positions as the source writes them; empty: null
};

class SourceWriter {
 public:
  // Usage: tags that cannot be stored, a pool too small, a declaration that no pool can be made of.
  // A pool that cannot be opened for another reason is waited for, as in commit(); the error comes
  // when the stop signal asks for any end. The context must outlive the writer.
  static Result<std::unique_ptr<SourceWriter>> open(const SourceContext& context);
  ~SourceWriter();
  SourceWriter(const SourceWriter&) = delete;
  SourceWriter& operator=(const SourceWriter&) = delete;

  // For framings, which add and commit by themselves: commits through it do all that commit() does.
  Appender& appender();
  // The pool of now: after a commit it may be another. How often that was.
  Pool& pool();
  uint64_t times_reopened() const;
  TextArena& arena();
  const TagBlock& tags() const;
  // The most a record may have, of JSON text: the smaller of the configured limit and what the pool
  // takes.
  size_t max_record_bytes() const;

  // The text must stay where it is until the commit; that is what arena() is for. Usage: too large
  // for the pool; nothing is remembered then.
  Result<void> add(JsonText text);
  // Whether it, and `gaps` gap records, would still be published in one with all that is not
  // committed yet: what a crash leaves must agree with the checkpoint.
  bool fits(JsonText text, size_t gaps) const;
  // Records of our own, tagged "lifecycle"; the text is copied. One that the pool cannot take is
  // left out. What a gap counts is `lost`, but for that of "overflow", which is `dropped` and
  // counted when it happens.
  void add_gap(const SourceGap& gap);
  void add_lifecycle(std::string_view json);
  void count_gap();  // of one that came through add_lifecycle()
  // To be settled with the next commit.
  void count_rejected(RejectReason reason, uint64_t count = 1);
  void count_own_log(uint64_t count);

  bool full() const;   // worth a commit
  bool empty() const;  // nothing to commit or to settle
  // Publishes everything added since the last time, and the checkpoint with it; then settles the
  // counts. An error: the stop signal said `now` before the pool took it, or it is of a kind that
  // no patience mends.
  Result<void> commit(std::optional<CheckpointView> checkpoint = std::nullopt,
                      std::optional<int64_t> last_event_ns = std::nullopt);

  // Whether a commit failed: an error of whoever commits by himself is then the pool's.
  bool gave_up() const;

  // Called again and again, in the middle of a commit, while the pool does not take the batch.
  void set_while_blocked(std::function<void()> look);

  // What is stored under this name; empty: nothing yet.
  Result<std::string> stored_checkpoint(std::string_view name) const;

 private:
  struct State;
  explicit SourceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace plasmite
