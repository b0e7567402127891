// The program plasmite-filter, which runs jq programs for plasmite.
#include "core/filter/engine/filter_worker.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
// A limit on addresses would stop the sanitizer itself; libjq's leaks are not ours.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:max_allocation_size_mb=1024:hard_rss_limit_mb=1500:handle_abort=0";
}
#endif
#endif

int main(int argc, char** argv) { return plasmite::run_filter_worker(argc, argv); }
