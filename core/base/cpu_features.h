// What this processor can do beyond the baseline of its architecture. Thread-safety: free function.
#pragma once

namespace plasmite {

// SSE4.2 and what came before it (CRC32C, byte shuffles). False on other architectures.
bool cpu_has_sse42();

}  // namespace plasmite
