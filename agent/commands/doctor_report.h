// How `doctor` presents what it found in one pool. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/output/json_writer.h"
#include "core/pool/doctor.h"

namespace plasmite {

struct Examined {
  std::string label;  // the ref as typed, or the full path with --all
  std::filesystem::path path;
  DoctorReport report;                 // after the repair, if there was one
  std::optional<RepairReport> repair;  // what the repair did
};

void append_report(JsonWriter& json, const Examined& examined);

// "OK: jobs" or "CORRUPT: jobs last_good_seq=41 issue=...", and a line about the repair.
std::string report_line(const Examined& examined);

// Several lines about one pool for a terminal.
std::string report_for_people(const Examined& examined);

// A summary and one row per pool for a terminal.
std::string summary_for_people(const std::vector<Examined>& all);

}  // namespace plasmite
