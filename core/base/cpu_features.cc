#include "core/base/cpu_features.h"

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#define PLASMITE_ASK_LIBC 1
#define _Bool bool  // glibc 2.36 wrote this header for C alone
#include <sys/platform/x86.h>
#undef _Bool
#endif

namespace plasmite {

// The C library knows since it started. __builtin_cpu_supports would have a constructor of its own
// ask the processor again, and inside a virtual machine each CPUID instruction is a trip to the
// hypervisor: 80 us of every start, as measured here.
bool cpu_has_sse42() {
#if defined(PLASMITE_ASK_LIBC)
  return CPU_FEATURE_ACTIVE(SSE4_2);
#elif defined(__x86_64__)
  return __builtin_cpu_supports("sse4.2");
#else
  return false;
#endif
}

}  // namespace plasmite
