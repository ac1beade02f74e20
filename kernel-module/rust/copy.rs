// SPDX-License-Identifier: GPL-2.0

//! The copy engine, which moves bytes between memory and the device's own.

use crate::{
    abstractions::{
        clock::Moment,
        completion::{
            Completion,
            Waited, //
        },
        dma::{
            CopyEngine,
            Direction,
            Quiesced,
            Transfer, //
        },
    },
    nic::Nic,
    regs,
};
use kernel::{
    dma::DmaAddress,
    io::Io,
    prelude::*,
    sync::{
        new_mutex,
        Mutex,
        MutexGuard, //
    },
    time::Delta, //
};

/// A copy that takes longer is given up.
const DEADLINE: Delta = Delta::from_millis(500);

/// The copy engine. One copy at a time holds its lock.
#[pin_data]
pub(crate) struct Engine {
    #[pin]
    lock: Mutex<()>,
    #[pin]
    done: Completion,
}

/// Keeps copies from starting; there is none in progress but one of the holder.
#[must_use = "copies can start when this is dropped"]
pub(crate) struct Idle<'a>(#[expect(dead_code)] MutexGuard<'a, ()>);

impl Engine {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            lock <- new_mutex!(()),
            done <- Completion::new(),
        })
    }

    /// Waits until no copy is in progress.
    pub(crate) fn idle(&self) -> Idle<'_> {
        Idle(self.lock.lock())
    }

    /// The management interrupt has seen that a copy has finished.
    pub(crate) fn finished(&self) {
        self.done.complete();
    }

    /// Copies the first `length` bytes of `memory` from or to the device's own memory at `offset`.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] while the device is quiesced, [`ENODEV`] when it has gone.
    /// - [`ETIMEDOUT`] or [`ERESTARTSYS`] when the copy took too long, or the task has got a signal.
    /// - [`EIO`] when the device has found an error.
    pub(crate) fn copy(
        &self,
        nic: &Nic<'_>,
        memory: &mut impl Transfer,
        direction: Direction,
        offset: usize,
        length: usize,
    ) -> Result {
        let (offset, count) = (u32::try_from(offset)?, u32::try_from(length)?);
        let idle = self.idle();

        if !nic.is_ready() {
            return Err(if nic.is_lost() { ENODEV } else { EBUSY });
        }
        memory
            .transfer(direction, length, |address| {
                self.run(nic, &idle, address, count, offset, direction)
            })
            .and_then(|result| result)
    }

    /// Runs one copy, and returns when the engine is inactive, whatever has happened.
    fn run(
        &self,
        nic: &Nic<'_>,
        idle: &Idle<'_>,
        address: DmaAddress,
        length: u32,
        offset: u32,
        direction: Direction,
    ) -> (Quiesced<CopyEngine>, Result) {
        let result = self
            .start(nic, address, length, offset, direction)
            .and_then(|()| self.wait(nic));

        if let Err(ETIMEDOUT | ERESTARTSYS) = result {
            nic.regs.write_reg(regs::DMA_CTRL::zeroed().with_stop(true));
        }
        let stopped = nic.regs.wait_copied().unwrap_or_else(|_| {
            nic.ask_for_reset();
            nic.function_level_reset(idle)
        });

        nic.counters.copies.add(1);
        if result.is_err() {
            nic.counters.copy_errors.add(1);
        }
        (stopped, result)
    }

    fn start(
        &self,
        nic: &Nic<'_>,
        address: DmaAddress,
        length: u32,
        offset: u32,
        direction: Direction,
    ) -> Result {
        // CAST: The two halves.
        let (low, high) = (address as u32, (address >> 32) as u32);
        let regs = &nic.regs;

        self.done.reset();
        regs.write_reg(regs::DMA_ADDR_LO::zeroed().with_addr(low));
        regs.write_reg(regs::DMA_ADDR_HI::zeroed().with_addr(high));
        regs.write_reg(regs::DMA_LENGTH::zeroed().try_with_bytes(length)?);
        regs.write_reg(regs::DMA_OFFSET::zeroed().try_with_bytes(offset)?);
        regs.write_reg(
            regs::DMA_CTRL::zeroed()
                .with_start(true)
                .with_to_memory(direction == Direction::FromDevice),
        );
        Ok(())
    }

    /// Waits for the interrupt, then looks whether the engine has finished.
    fn wait(&self, nic: &Nic<'_>) -> Result {
        let start = Moment::now();

        loop {
            let waited = match start.left_ms(DEADLINE) {
                0 => Waited::TimedOut,
                left => self.done.wait(left),
            };

            // An interrupt may be that of a copy that was given up, or have been lost.
            let status = nic.regs.read(regs::DMA_STATUS);

            if nic.regs.is_gone(status.into_raw()) {
                return Err(ENODEV);
            }
            if !status.active() {
                return if status.error() { Err(EIO) } else { Ok(()) };
            }
            match waited {
                Waited::Complete => {}
                Waited::TimedOut => return Err(ETIMEDOUT),
                Waited::Interrupted => return Err(ERESTARTSYS),
            }
        }
    }
}
