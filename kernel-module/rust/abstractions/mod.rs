// SPDX-License-Identifier: GPL-2.0

//! Safe abstractions for what Linux 7.3 has no Rust API for.
//!
//! Net devices, NAPI, socket buffers, descriptor rings, owned work and timers, `/proc` files, and the
//! glue that lets interrupt handlers borrow a net device. This is the only place of the driver with
//! `unsafe` code; the rest of it cannot even express it.
//!
//! # One rule
//!
//! Everything that can call back into a driver (an interrupt, a NAPI instance, a work item, a timer, a
//! `/proc` file, a character device) is represented by a guard that holds the [`netdev::Device`] in place: see
//! [`hold::Hold`]. A callback is handed the device; it never has to keep a reference of its own, so
//! there are no reference cycles and nothing is reference counted on a fast path. Dropping the guard
//! ends the callbacks and waits for those that run.
//!
//! A guard must be dropped, which types cannot demand: a driver must use neither `mem::forget` nor
//! anything else that keeps a destructor from running. If a guard is leaked all the same, the memory of
//! the device is kept, with a warning, so callbacks that still come find it. They find neither a bus
//! device that was unbound meanwhile, nor the code of a module that was unloaded.

pub(crate) mod callback;
pub(crate) mod chardev;
pub(crate) mod clock;
pub(crate) mod completion;
pub(crate) mod dma;
pub(crate) mod ethtool;
mod ffi;
pub(crate) mod hold;
pub(crate) mod irq;
pub(crate) mod napi;
pub(crate) mod netdev;
pub(crate) mod ops;
pub(crate) mod page_pool;
pub(crate) mod pci;
pub(crate) mod pci_driver;
pub(crate) mod proc;
pub(crate) mod ring;
pub(crate) mod rtnl;
pub(crate) mod rx_ring;
pub(crate) mod skb;
pub(crate) mod stats;
pub(crate) mod timer;
pub(crate) mod tx_queue;
pub(crate) mod tx_ring;
pub(crate) mod work;
