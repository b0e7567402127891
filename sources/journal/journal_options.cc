#include "sources/journal/journal_options.h"
