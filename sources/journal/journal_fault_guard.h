// libsystemd maps journal files. When somebody truncates one, reading it raises SIGBUS, which would
// end the whole process for the sake of one file. Within the life of a guard the thread gets a page
// of zeros instead, and is told so.
//
// Within a guard every fault is taken for the journal's (core/base/bus_fault.h): read no other
// mapping meanwhile. After a fault the mappings hold zeros that are in no file: everything that
// was read through them is doubtful, and the journal has to be closed and opened again. A guard
// belongs to the thread that made it; guards of one thread do not nest.
#pragma once

namespace plasmite {

class JournalFaultGuard {
 public:
  JournalFaultGuard();
  ~JournalFaultGuard();
  JournalFaultGuard(const JournalFaultGuard&) = delete;
  JournalFaultGuard& operator=(const JournalFaultGuard&) = delete;

  // In this thread, since its guard was made: whether an access found its file shorter than the
  // mapping.
  static bool faulted();
};

}  // namespace plasmite
