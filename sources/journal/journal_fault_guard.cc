#include "sources/journal/journal_fault_guard.h"

#include <csignal>

#include "core/base/bus_fault.h"

namespace plasmite {

namespace {

// Only plain flags of the faulting thread itself: the handler runs in the thread that faulted.
constinit thread_local volatile sig_atomic_t t_guarded = 0;
constinit thread_local volatile sig_atomic_t t_faulted = 0;

bool mark_fault(uintptr_t /*address*/) {
  if (t_guarded == 0) return false;
  t_faulted = 1;
  return true;
}

}  // namespace

JournalFaultGuard::JournalFaultGuard() {
  static const bool is_owner = (add_bus_fault_owner(mark_fault), true);
  static_cast<void>(is_owner);
  t_faulted = 0;
  t_guarded = 1;
}

JournalFaultGuard::~JournalFaultGuard() { t_guarded = 0; }

bool JournalFaultGuard::faulted() { return t_faulted != 0; }

}  // namespace plasmite
