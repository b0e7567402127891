// Arbitrary bytes as a pool file that is examined and repaired: a report that contradicts nothing,
// and after a repair a pool that is healthy and opens.
#include <unistd.h>

#include <cstdio>

#include "core/base/check.h"
#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/fuzz/pool_image.h"

namespace plasmite {
namespace {

void check_report(const DoctorReport& report) {
  PLASMITE_CHECK(report.issues.size() <= 100 && report.issues.size() <= report.issue_count);
  PLASMITE_CHECK(report.healthy() == report.issues.empty());
  PLASMITE_CHECK(report.oldest_seq.has_value() == report.last_good_seq.has_value());
  for (const DoctorIssue& issue : report.issues) PLASMITE_CHECK(!issue.message.empty());
}

void check(FuzzInput input) {
  static PoolImage image;
  constexpr std::chrono::milliseconds kLockTimeout{100};
  image.write(input);
  const auto before = examine_pool(image.path());
  if (before) check_report(*before);
  if (before && before->healthy()) PLASMITE_CHECK(Pool::open(image.path()).has_value());
  const auto repaired = repair_pool(image.path(), kLockTimeout);
  if (!repaired) return;
  const auto after = examine_pool(image.path());
  if (after)
    for (const DoctorIssue& issue : after->issues)
      std::fprintf(stderr, "after the repair: %s\n", issue.message.c_str());
  PLASMITE_CHECK(after && after->healthy());
  check_report(*after);
  PLASMITE_CHECK(after->intact_records == repaired->records_kept);
  PLASMITE_CHECK(Pool::open(image.path()).has_value());
  if (!repaired->damaged_copy.empty()) ::unlink(repaired->damaged_copy.c_str());
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
