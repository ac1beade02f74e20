// SPDX-License-Identifier: GPL-2.0

//! The time since boot, as a number. `kernel::time::Instant` only tells differences.

use kernel::bindings;

/// Returns the nanoseconds since boot, including time spent asleep.
pub(crate) fn boottime_ns() -> u64 {
    // SAFETY: May be called in any context.
    // CAST: It is not negative.
    unsafe { bindings::ktime_get_boottime() as u64 }
}
