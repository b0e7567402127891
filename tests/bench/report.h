// What a run prints: one JSON object per line, or a table for people.
#pragma once

#include <string>

#include "tests/bench/lane.h"

namespace plasmite::bench {

// {"lane","value","unit","floor","ratio","goal","better","ok","noisy"}, then what helps to read
// them: "spread","pairs", where known "cpu_ratio" (the ratio by processor time instead of wall
// time) and, for records per second, "value_ns","floor_ns" per record and "floor_gbps".
std::string json_line(const Lane& lane, const LaneResult& result);
// A lane that could not be measured: value, floor and ratio are null, "error" says why.
std::string json_failure(const Lane& lane, const Error& error);

std::string table_header();
std::string table_row(const Lane& lane, const LaneResult& result);
std::string table_failure(const Lane& lane, const Error& error);

}  // namespace plasmite::bench
