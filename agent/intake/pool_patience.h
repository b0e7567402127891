// How a source bears a pool that does not take what it has: it says so in its report, sleeps (50
// ms, doubled up to 1 s), and opens the pool anew where that may help, until things work or the
// stop signal says `now`. Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "agent/intake/source.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

class PoolPatience {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{50};
  static constexpr std::chrono::milliseconds kLongestPause{1000};

  // The context must outlive this.
  explicit PoolPatience(const SourceContext& context) : context_(context) {}

  // For a pool that is not open yet. Ends with the error also at `drain`: there is nothing to save.
  Result<std::shared_ptr<Pool>> open();

  // After an error of the pool: sleeps. False: no patience mends that, or the time is over.
  // `reopened` is set when the pool was opened anew, and made anew if it was gone.
  bool bear(const Error& error, std::shared_ptr<Pool>& reopened);

  // It works: the source is running (again).
  void over();

  // Called again and again while the source is blocked: at once when the stop signal changes, else
  // after each pause.
  void set_while_blocked(std::function<void()> look) { while_blocked_ = std::move(look); }

 private:
  void pause(const Error& error);

  const SourceContext& context_;
  std::chrono::milliseconds pause_{kFirstPause};
  bool is_blocked_ = false;
  std::function<void()> while_blocked_;
};

}  // namespace plasmite
