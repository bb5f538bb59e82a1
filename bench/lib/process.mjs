// What one process has used, from /proc. The load generator and other programs do not count.

import { readFileSync, readdirSync } from "node:fs";
import { platform } from "node:os";

import { codeOf, Failure } from "../../scripts/lib/run.mjs";

export function requireLinux() {
  if (platform() !== "linux") {
    throw new Failure("The measurements need Linux: they read the CPU time of the workerd process from /proc.");
  }
}

/**
 * CPU time (user and system) of all threads of a process so far, in microseconds.
 * @param {number} pid
 */
export function cpuMicros(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadMicros(pid, thread), 0);
}

/**
 * /proc/<pid>/stat counts in hundredths of a second; the scheduler's own count is in nanoseconds.
 * @param {number} pid
 * @param {string} thread
 */
function threadMicros(pid, thread) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1000;
  } catch (error) {
    // The thread has ended after the directory was read.
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return 0;
    throw error;
  }
}

/**
 * Resident memory now and at its highest, in megabytes.
 * @param {number} pid
 */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  /** @param {string} field */
  const megabytes = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1000;
  return { resident: megabytes("VmRSS"), peak: megabytes("VmHWM") };
}
