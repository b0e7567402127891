// CHECK is for bugs in this program only, on in every build; never for input, disk or peers.
#pragma once

#include <cstdio>
#include <cstdlib>

#define PLASMITE_CHECK(condition)                                                        \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: bug: %s does not hold\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
