// For the fuzz targets of framings: an input cut at random gives what it gives in one piece.
#pragma once

#include <random>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/pool/pool.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/scratch_pool.h"
#include "tests/support/framing_run.h"

namespace plasmite {

inline constexpr size_t kFuzzedRecordBytes = 64;

struct FramingCase {
  FramingSetting setting;
  std::string_view text;
  FramingRun run;
};

// The first byte of the input chooses the policy and one of the framings, the next two the cuts.
inline FramingCase run_both_ways(FuzzInput input, const std::vector<Framing>& framings) {
  static const ScratchDir dir;
  static Pool pool = create_scratch_pool(dir, 1u << 20);
  const uint8_t choice = input.byte();
  std::minstd_rand random(1u + input.number<uint16_t>());
  FramingCase made{.setting = {.framing = framings[(choice >> 1) % framings.size()],
                               .on_bad_record = choice & 1 ? OnBadRecord::skip : OnBadRecord::stop,
                               .max_record_bytes = kFuzzedRecordBytes},
                   .text = input.rest().substr(0, 4096),
                   .run = {}};
  made.run = run_framing(pool, {made.text}, made.setting);
  const size_t longest = 1 + random() % 100;
  std::vector<std::string_view> chunks;
  for (std::string_view rest = made.text; !rest.empty();) {
    chunks.push_back(rest.substr(0, 1 + random() % longest));
    rest.remove_prefix(chunks.back().size());
  }
  PLASMITE_CHECK(run_framing(pool, chunks, made.setting) == made.run);
  PLASMITE_CHECK(made.run.failed == made.run.skipped.size());
  PLASMITE_CHECK(made.run.records ==
                 made.run.stored.size() + made.run.failed + (made.run.error.empty() ? 0 : 1));
  return made;
}

}  // namespace plasmite
