#include "agent/intake/pool_patience.h"

#include <algorithm>

namespace plasmite {
namespace {

bool may_pass(ErrorKind kind) {
  return kind == ErrorKind::Busy || kind == ErrorKind::Io || kind == ErrorKind::Permission ||
         kind == ErrorKind::NotFound || kind == ErrorKind::Corrupt;
}

// The file of the pool may be another by now. With Io it may also be the same.
bool may_be_gone(ErrorKind kind) {
  return kind == ErrorKind::NotFound || kind == ErrorKind::Corrupt || kind == ErrorKind::Io;
}

}  // namespace

Result<std::shared_ptr<Pool>> PoolPatience::open() {
  context_.report.await_pool();
  for (;;) {
    auto opened = context_.open_pool();
    if (opened) {
      over();
      context_.report.pool_answers();
      return opened;
    }
    if (!may_pass(opened.error().kind()) || context_.stop.level() != StopSignal::Level::run)
      return opened;
    pause(opened.error());
  }
}

bool PoolPatience::bear(const Error& error, std::shared_ptr<Pool>& reopened) {
  if (!may_pass(error.kind())) return false;
  Error told = error;
  while (context_.stop.level() != StopSignal::Level::now) {
    pause(told);
    if (!may_be_gone(error.kind())) return true;
    auto opened = context_.open_pool();
    if (opened) {
      reopened = std::move(*opened);
      return true;
    }
    if (error.kind() == ErrorKind::Io) return true;  // the old one may do
    told = std::move(opened.error());
  }
  return false;
}

void PoolPatience::over() {
  if (!is_blocked_) return;
  is_blocked_ = false;
  pause_ = kFirstPause;
  context_.report.set_state(SourceState::running);
  context_.report.working();
}

void PoolPatience::pause(const Error& error) {
  is_blocked_ = true;
  context_.report.set_error(error);
  context_.report.set_state(SourceState::blocked);
  context_.report.sleeping();
  const StopSignal::Level seen = context_.stop.level();
  (void)context_.stop.wait_for(pause_, seen);
  context_.report.working();
  pause_ = std::min(2 * pause_, kLongestPause);
  if (while_blocked_) while_blocked_();
}

}  // namespace plasmite
