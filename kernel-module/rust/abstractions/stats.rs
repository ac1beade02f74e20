// SPDX-License-Identifier: GPL-2.0

//! Counters.

use super::ffi;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// A counter with one writer at a time and any number of readers.
pub(crate) struct Counter(Atomic<u64>);

impl Counter {
    /// Adds `n`. A second writer at the same time could get lost.
    #[inline]
    pub(crate) fn add(&self, n: u32) {
        let value = self.0.load(Relaxed).wrapping_add(n.into());

        self.0.store(value, Relaxed);
    }

    /// Returns the value.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self(Atomic::new(0))
    }
}

/// The name of a counter or a test, padded with NUL, as ethtool wants it.
pub(crate) type StatName = [u8; ffi::ETH_GSTRING_LEN];

/// Pads a name. Fails the build if it is too long.
pub(crate) const fn stat_name(name: &str) -> StatName {
    numbered_stat_name(name, None, "")
}

/// Puts a digit between two parts of a name. Fails the build if it is too long.
pub(crate) const fn numbered_stat_name(before: &str, number: Option<u8>, after: &str) -> StatName {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let mut padded = [0; ffi::ETH_GSTRING_LEN];
    let mut at = 0;
    let mut i = 0;

    // The last byte stays NUL.
    assert!(before.len() + 1 + after.len() < ffi::ETH_GSTRING_LEN);
    while i < before.len() {
        padded[at] = before[i];
        at += 1;
        i += 1;
    }
    if let Some(number) = number {
        assert!(number < 10);
        padded[at] = b'0' + number;
        at += 1;
    }
    i = 0;
    while i < after.len() {
        padded[at] = after[i];
        at += 1;
        i += 1;
    }
    padded
}
