#include "agent/cli.h"

int main(int argc, char** argv) { return plasmite::run_cli(argc, argv); }
