// The right to move one checkpoint of a pool. Two processes that read the same source under one
// name would each store what the other has stored already. It is an OFD lock on a byte of the pool
// file beyond all content, which the kernel drops when its holder dies, however it does. Not
// thread-safe; movable.
#pragma once

#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool.h"

namespace plasmite {

class CheckpointLock {
 public:
  // Busy: another process, or another lock of this one, has it. Where a filesystem has no such
  // locks, nobody is kept out.
  static Result<CheckpointLock> take(const Pool& pool, std::string_view name);

  // Whether the pool's file is still the one that is locked: it may have been deleted and made
  // anew.
  bool is_on(const Pool& pool) const;

 private:
  explicit CheckpointLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace plasmite
