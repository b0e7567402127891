#include "agent/front.h"

int main(int argc, char** argv) { return plasmite::run_front(argc, argv); }
