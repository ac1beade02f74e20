// SPDX-License-Identifier: GPL-2.0

//! Completions that can be waited for with a deadline, and by a task that gets a signal.
//!
//! `kernel::sync::Completion` has neither.
//!
//! C header: [`include/linux/completion.h`](srctree/include/linux/completion.h)

use kernel::{
    bindings,
    prelude::*,
    time::{
        msecs_to_jiffies,
        Msecs, //
    },
    types::Opaque, //
};

/// How waiting has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It is complete.
    Complete,
    /// It took too long.
    TimedOut,
    /// The task has got a signal.
    Interrupted,
}

/// Something that somebody waits for.
#[pin_data]
pub(crate) struct Completion {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: A completion may be used by any thread.
unsafe impl Send for Completion {}

// SAFETY: As above.
unsafe impl Sync for Completion {}

impl Completion {
    /// Creates it, not complete.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot: *mut bindings::completion| {
                // SAFETY: `slot` is valid for writing, and pinned.
                unsafe { bindings::init_completion(slot) };
            }),
        })
    }

    /// Completes it. May be called in any context.
    pub(crate) fn complete(&self) {
        // SAFETY: It is initialised.
        unsafe { bindings::complete(self.inner.get()) }
    }

    /// Makes it not complete. Somebody may complete it at the same time; it is then as if that had been
    /// before, or after.
    pub(crate) fn reset(&self) {
        // SAFETY:
        // - It is initialised, and the word in it valid and aligned.
        // - Whoever accesses the word at the same time does so in one piece, as this does.
        unsafe { (&raw mut (*self.inner.get()).done).write_volatile(0) }
    }

    /// Waits, but not for ever.
    pub(crate) fn wait(&self, most: Msecs) -> Waited {
        // SAFETY: It is initialised.
        let left = unsafe {
            bindings::wait_for_completion_interruptible_timeout(
                self.inner.get(),
                msecs_to_jiffies(most),
            )
        };

        match left {
            0 => Waited::TimedOut,
            1.. => Waited::Complete,
            _ => Waited::Interrupted,
        }
    }
}
