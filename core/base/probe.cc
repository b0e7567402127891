#include "core/base/probe.h"

#ifdef PLASMITE_PROBES

namespace plasmite {

static ProbeHooks g_hooks;

void set_probe_hooks(const ProbeHooks& hooks) { g_hooks = hooks; }

void probe(Step step, const void* pool_base) {
  if (g_hooks.reached) g_hooks.reached(g_hooks.context, step, pool_base);
}

void probe_synced(const void* pool_base) {
  if (g_hooks.synced) g_hooks.synced(g_hooks.context, pool_base);
}

bool is_off(Protection protection) {
  return g_hooks.is_off && g_hooks.is_off(g_hooks.context, protection);
}

int injected_failure(Call call) { return g_hooks.fail ? g_hooks.fail(g_hooks.context, call) : 0; }

}  // namespace plasmite

#endif
