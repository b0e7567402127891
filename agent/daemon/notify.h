// Tells the service manager how we are (sd_notify(3)'s protocol). By ourselves, not through
// libsystemd's call: that one needs $NOTIFY_SOCKET in the environment, where tapped children would
// inherit it and could speak for us. The constructor takes it out, so make one before there are
// threads. Without a service manager nothing happens. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/unique_fd.h"

namespace plasmite {

class Notifier {
 public:
  Notifier();

  void ready() { send("READY=1"); }
  void status(std::string_view text);  // one line
  void reloading();                    // until ready()
  void stopping() { send("STOPPING=1"); }
  void alive() { send("WATCHDOG=1"); }

  // How often alive() has to come; none: never.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  void send(std::string_view message) const;

  std::string socket_;  // empty: none; '@' in front: an abstract one
  std::optional<std::chrono::microseconds> watchdog_;
  UniqueFd fd_;
};

}  // namespace plasmite
