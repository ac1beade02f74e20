// SPDX-License-Identifier: GPL-2.0

//! Points in time, and waiting for something until one.
//!
//! `kernel::time::Instant` only tells differences, and checks each with a panic that a driver need not
//! have; so does `kernel::io::poll`, which is made of it.

use kernel::{
    bindings,
    prelude::*,
    processor::cpu_relax,
    task::might_sleep,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// Returns the nanoseconds since boot, including time spent asleep.
pub(crate) fn boottime_ns() -> u64 {
    // SAFETY: May be called in any context.
    // CAST: It is not negative.
    unsafe { bindings::ktime_get_boottime() as u64 }
}

/// A point in time.
#[derive(Clone, Copy)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Returns the present one.
    pub(crate) fn now() -> Self {
        // SAFETY: May be called in any context.
        // CAST: It is not negative.
        Self(unsafe { bindings::ktime_get() as u64 })
    }

    fn elapsed_ns(self) -> u64 {
        // The clock does not go back.
        Self::now().0.wrapping_sub(self.0)
    }

    /// Is it as long ago as `time`, or longer?
    pub(crate) fn is_past(self, time: Delta) -> bool {
        self.elapsed_ns() >= nanoseconds(time)
    }

    /// Returns how many milliseconds are left until it is as long ago as `time`. The last one begun
    /// does not count.
    pub(crate) fn left_ms(self, time: Delta) -> u32 {
        let left = nanoseconds(time).saturating_sub(self.elapsed_ns()) / 1_000_000;

        // CAST: It is no more than the largest one.
        left.min(u32::MAX.into()) as u32
    }
}

fn nanoseconds(time: Delta) -> u64 {
    time.as_nanos().unsigned_abs()
}

/// Calls `look` every `interval` until `is_done` likes what it returns, and returns that. May sleep.
///
/// # Errors
///
/// [`ETIMEDOUT`] when that took longer than `deadline`; it looks once more after that.
pub(crate) fn poll<T>(
    mut look: impl FnMut() -> T,
    mut is_done: impl FnMut(&T) -> bool,
    interval: Delta,
    deadline: Delta,
) -> Result<T> {
    let start = Moment::now();

    // As `read_poll_timeout()` does: also when there turns out to be nothing to wait for.
    might_sleep();
    loop {
        let is_late = start.is_past(deadline);
        let seen = look();

        if is_done(&seen) {
            return Ok(seen);
        }
        if is_late {
            return Err(ETIMEDOUT);
        }
        fsleep(interval);
        cpu_relax();
    }
}
