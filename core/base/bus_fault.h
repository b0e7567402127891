// SIGBUS of a mapping whose file became shorter, for those who would rather learn of it than die.
//
// One process-wide handler, installed with the first owner, asks the owners one after the other
// whether the page is theirs. The first one that takes it has marked the fault for whoever reads
// the page, which becomes one of zeros, and the interrupted access goes on. What nobody takes goes
// to whoever handled SIGBUS before; it works the same if somebody chains in front.
#pragma once

#include <cstdint>

namespace plasmite {

// Whether the address is this owner's. Called in the thread that faulted, inside the signal
// handler: only what is async-signal-safe.
using BusFaultOwner = bool (*)(uintptr_t address);

// For the life of the process; an owner that is there already stays as it is. At most
// kMaxBusFaultOwners. Thread-safe.
void add_bus_fault_owner(BusFaultOwner owner);

inline constexpr int kMaxBusFaultOwners = 4;

}  // namespace plasmite
