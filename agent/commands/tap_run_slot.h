// Which runs of tap are under way in a pool, kept in the pool so that a run whose tap was killed is
// noticed by the next one, at a price that does not depend on the pool's size.
//
// The pool's checkpoints "tap.0", "tap.1", … each hold the id of a run (behind a space, the name of
// the agent's source whose run it is), or nothing. A tap owns its
// slot by an OFD lock on the pool file, which the kernel drops when tap dies, however it does. The
// checkpoint is set in the same publish as the start record and emptied with the exit record. So a
// slot that holds an id while nobody holds its lock is a run without an exit record, and no two
// taps ever write the same slot. Not thread-safe; the pool must outlive it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/pool/pool.h"

namespace plasmite {

// 16 hex digits that nobody had before.
std::string new_run_id();

struct LostRun {
  std::string id;
  std::string source;  // as in its gap record: "tap", or the name of a source of the agent
};

class RunSlot {
 public:
  // Takes the first free slot. Never fails: where there is none (more taps at once than slots, no
  // checkpoint left, a filesystem without such locks) the run goes unwatched.
  // `source`, empty for the command `tap`, is what a source of the agent is called.
  static RunSlot claim(Pool& pool, const std::string& run, std::string_view source = {});

  // The runs found to have no exit record.
  const std::vector<LostRun>& lost_runs() const { return lost_runs_; }

  // What is to be committed with the start record, and with the exit record.
  std::optional<CheckpointView> begin() const { return mark(value_); }
  std::optional<CheckpointView> end() const { return mark({}); }

  // To be called when the lost runs are recorded: nobody is told of them again.
  void forget_lost_runs(Pool& pool);

 private:
  static RunSlot claim_once(Pool& pool, const std::string& value);
  bool is_on_pool_file(const Pool& pool) const;
  std::optional<CheckpointView> mark(std::string_view value) const;
  bool lock(unsigned slot) const;
  void unlock(unsigned slot) const;

  std::string value_;  // of our checkpoint while the run is under way
  std::string name_;   // of our checkpoint; empty: none
  UniqueFd file_;      // holds the locks
  std::vector<LostRun> lost_runs_;
  std::vector<unsigned> lost_slots_;  // locked, not ours
};

// Whether a run is found to be over without an exit record, for those who follow it.
class RunWatch {
 public:
  // `run` has its start record in the pool.
  RunWatch(const Pool& pool, std::string run);

  // True: its tap is dead. It stored nothing after what a cursor finds from now on, and no exit
  // record. False: it lives, ended as it should, or was told of already; or nobody can say, because
  // it went unwatched (see RunSlot::claim). A few system calls.
  bool is_lost() const;

 private:
  const Pool& pool_;
  std::string run_;
  UniqueFd file_;  // none: nobody can say
};

}  // namespace plasmite
