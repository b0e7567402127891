// A source under supervision. It has a thread of its own, in which run() may block as it likes as long as it
// looks at the stop signal; so none can hold up another. A source object lives as long as its configuration
// stays the same: after an error run() is called again, later, on the same object.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/intake/source_report.h"
#include "agent/intake/stop_signal.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

class ProcessGuard;
class RejectPool;

// What a source is given to work with. All references outlive the source.
struct SourceContext {
  const SourceConfig& config;
  Durability durability;
  StopSignal& stop;
  SourceReport& report;
  // Opens the source's pool, and makes it first if it is missing, as it is declared. To be called again when
  // the pool turns out to be gone.
  std::function<Result<std::shared_ptr<Pool>>()> open_pool;
  RejectPool* rejects = nullptr;  // null: bad records are counted only
};

enum class SourceEnd : uint8_t {
  finished,  // it has nothing more to give, ever
  failed,    // likewise, and that is not how it should be
  stopped,   // the stop signal said so
  again,     // it has ended as it should, and is to be run again
  retry,     // likewise, and that is not how it should be: with back-off
};

class Source {
 public:
  virtual ~Source() = default;
  // Blocks until the end. An error is reported, and the source is run again with back-off. In a thread of the
  // source's own.
  virtual Result<SourceEnd> run() = 0;
  // What is wrong right now although run() goes on, e.g. that journald is down. Called when somebody asks, at
  // most once a second, from another thread than run().
  virtual std::optional<Error> probe() const { return std::nullopt; }
  // How long to wait before running again, after so many failures in a row; 0: it has ended as it should.
  virtual std::chrono::milliseconds restart_delay(uint32_t failures) const;
};

// Makes the source that the configuration describes. The context must outlive it, and so must the guard of what it
// starts (null: none).
std::unique_ptr<Source> make_source(const SourceContext& context, const ProcessGuard* guard = nullptr);

}  // namespace plasmite
