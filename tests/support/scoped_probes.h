// Probe hooks for one scope: what a test wants to see, stop or fail inside the engine.
// Install before other threads use the engine; hooks run in whatever thread reaches the probe.
#pragma once

#include <functional>

#include "core/base/probe.h"

namespace plasmite {

class ScopedProbes {
 public:
  ScopedProbes() {
    set_probe_hooks({.context = this,
                     .reached =
                         [](void* self, Step step, const void*) {
                           if (auto& hook = of(self).reached) hook(step);
                         },
                     .synced =
                         [](void* self, const void*) {
                           if (auto& hook = of(self).synced) hook();
                         },
                     .is_off =
                         [](void* self, Protection protection) {
                           auto& hook = of(self).is_off;
                           return hook && hook(protection);
                         },
                     .fail =
                         [](void* self, Call call) {
                           auto& hook = of(self).fail;
                           return hook ? hook(call) : 0;
                         }});
  }
  ScopedProbes(const ScopedProbes&) = delete;
  ScopedProbes& operator=(const ScopedProbes&) = delete;
  ~ScopedProbes() { set_probe_hooks({}); }

  std::function<void(Step)> reached;
  std::function<void()> synced;
  std::function<bool(Protection)> is_off;
  std::function<int(Call)> fail;  // 0: let the call happen

 private:
  static ScopedProbes& of(void* self) { return *static_cast<ScopedProbes*>(self); }
};

// The nth call of one kind fails with `error`, the others happen.
class FailNthCall {
 public:
  FailNthCall(Call call, int n, int error) {
    probes_.fail = [this, call, error, n](Call made) {
      if (made != call || ++count_ != n) return 0;
      return error;
    };
    n_ = n;
  }

  bool happened() const { return count_ >= n_; }

 private:
  int n_ = 0;
  int count_ = 0;
  ScopedProbes probes_;
};

}  // namespace plasmite
