// SPDX-License-Identifier: GPL-2.0

//! `ethtool -t`.

use crate::{
    abstractions::{
        dma::{
            Direction,
            StreamingBuffer, //
        },
        napi::Napi,
        netdev::Handle,
        page_pool::BufferSize,
        ring::Size,
        rtnl::Rtnl,
        stats::{
            stat_name,
            StatName, //
        },
        tx_ring::{
            self,
            Account, //
        },
    },
    nic::Nic,
    pair::Pair,
    regs::{
        RxDescStatus,
        TxDesc,
        TxDescCommand,
        TxDescLayout,
        DMA_BLOCK,
        SCRATCH, //
    },
    reset,
    rx,
    tx, //
};
use kernel::{
    io::{
        poll::read_poll_timeout,
        Io, //
    },
    num::Bounded,
    prelude::*,
    time::Delta, //
};

/// The tests, in the order of their results.
pub(crate) const NAMES: [StatName; 4] = [
    stat_name("Registers"),
    stat_name("Copy engine"),
    stat_name("Interrupt"),
    stat_name("Loopback"),
];

const POLL: Delta = Delta::from_micros(50);
const DEADLINE: Delta = Delta::from_millis(100);

const BLOCK: usize = DMA_BLOCK as usize;

/// Descriptors of the rings of the loopback test.
const RING: Size = match Size::new(64) {
    Some(size) => size,
    None => panic!(),
};
/// The queue pair that the loopback test uses. Frames that are not hashed go there.
const QUEUE: usize = 0;
/// Bytes of the frame of the loopback test.
const FRAME: usize = 512;

/// Runs the tests. What failed becomes 1.
pub(crate) fn run(dev: Handle<'_, Nic<'_>>, offline: bool, results: &mut [u64], rtnl: &mut Rtnl) {
    let passed: [Result; NAMES.len()] = [
        registers(&dev),
        copy_engine(&dev),
        interrupt(&dev),
        if offline {
            undisturbed(dev, rtnl)
        } else {
            Ok(())
        },
    ];

    for (result, passed) in results.iter_mut().zip(passed) {
        *result = passed.is_err().into();
    }
}

/// A register returns what was written to it.
fn registers(nic: &Nic<'_>) -> Result {
    for value in [0, u32::MAX, 0x5555_5555, 0xaaaa_aaaa, 0x0123_4567] {
        let read = nic.with_registers(|regs| {
            regs.write_reg(SCRATCH::zeroed().with_value(value));
            regs.read(SCRATCH).value().get()
        });

        if read != Some(value) {
            return Err(EIO);
        }
    }
    Ok(())
}

/// The device's own memory returns what was copied to it. What was there is put back.
fn copy_engine(nic: &Nic<'_>) -> Result {
    let mut before = StreamingBuffer::new(nic.pdev.as_ref(), BLOCK)?;
    let mut written = StreamingBuffer::new(nic.pdev.as_ref(), BLOCK)?;
    let mut read = StreamingBuffer::new(nic.pdev.as_ref(), BLOCK)?;
    let engine = &nic.engine;

    for (i, byte) in written.bytes().iter_mut().enumerate() {
        *byte = pattern(i);
    }
    engine.copy(nic, &mut before, Direction::FromDevice, 0, BLOCK)?;
    let copied = engine
        .copy(nic, &mut written, Direction::ToDevice, 0, BLOCK)
        .and_then(|()| engine.copy(nic, &mut read, Direction::FromDevice, 0, BLOCK));
    engine.copy(nic, &mut before, Direction::ToDevice, 0, BLOCK)?;
    copied?;
    if read.bytes() != written.bytes() {
        return Err(EIO);
    }
    Ok(())
}

/// A copy that has finished leads to a management interrupt.
fn interrupt(nic: &Nic<'_>) -> Result {
    let interrupts = || nic.with_mgmt(|mgmt| mgmt.books.tally.interrupts);
    let mut memory = StreamingBuffer::new(nic.pdev.as_ref(), BLOCK)?;
    let before = interrupts();

    nic.engine
        .copy(nic, &mut memory, Direction::FromDevice, 0, BLOCK)?;
    read_poll_timeout(
        || Ok(interrupts()),
        |interrupts| *interrupts != before,
        POLL,
        DEADLINE,
    )?;
    Ok(())
}

/// Runs the loopback test with the interface down, and brings it up again if it was.
fn undisturbed(dev: Handle<'_, Nic<'_>>, rtnl: &mut Rtnl) -> Result {
    dev.with_open(rtnl, |open, rtnl| {
        let Some(open) = open.filter(|open| open.is_up()) else {
            return loopback(dev, rtnl);
        };

        open.down(dev);
        let result = loopback(dev, rtnl);
        open.up(dev, rtnl)
            .inspect_err(|err| reset::fail(dev, *err))
            .and(result)
    })
}

/// A frame that is sent comes back as it was.
fn loopback<'bound>(dev: Handle<'_, Nic<'bound>>, rtnl: &Rtnl) -> Result {
    let parent = dev.pdev.as_ref();
    let rx = rx::Ring::new(parent, dev, QUEUE, RING, BufferSize::Half)?;
    let tx = tx::Ring::new(parent, RING)?;
    let rx_doorbell = dev.regs.rx_doorbell(QUEUE)?;
    let tx_doorbell = dev.regs.tx_doorbell(QUEUE)?;
    let frame = frame(&dev.address());
    let skb = dev.alloc_skb(&frame)?;

    if let Err(err) = dev.configure(&dev, QUEUE, rtnl) {
        skb.consume();
        return Err(err);
    }
    dev.regs.set_loopback(true);
    let nobody: Option<&Napi<Pair<'bound>>> = None;
    let (mut rx, rx_started) = rx.lend(dev, nobody, |ring| dev.regs.start_rx(QUEUE, &ring));
    let (mut sender, cleaner, tx_started) = tx.lend(|ring| dev.regs.start_tx(QUEUE, &ring));

    let result = match rx_started.and(tx_started) {
        Ok(()) => {
            rx.ring(&rx_doorbell);
            match sender.push(skb, Account::default(), describe) {
                Ok(_queued) => {
                    sender.ring(&tx_doorbell);
                    compare(&mut rx, &frame)
                }
                Err(skb) => {
                    skb.consume();
                    Err(ENOMEM)
                }
            }
        }
        Err(err) => {
            skb.consume();
            Err(err)
        }
    };

    let stopped = dev.regs.stop_queues(dev.pdev, &dev.bus);
    dev.regs.set_loopback(false);
    drop(rx.take_back(&stopped));
    drop(tx_ring::reclaim(sender, cleaner, &stopped, |skb, _| {
        skb.consume()
    }));
    result
}

/// Waits for the frame, and compares it with what was sent.
fn compare(rx: &mut rx::Lent<'_>, frame: &[u8]) -> Result {
    read_poll_timeout(
        || {
            Ok(rx.next().map(|buffer| {
                let status = RxDescStatus::from(buffer.status());

                status.eop()
                    && !status.error()
                    && buffer.bytes(status.length().get()) == Some(frame)
            }))
        },
        |received| received.is_some(),
        POLL,
        DEADLINE,
    )?
    .filter(|same| *same)
    .map(drop)
    .ok_or(EIO)
}

fn describe(piece: &tx_ring::Piece) -> TxDesc {
    let layout = TxDescLayout::zeroed().with_length(Bounded::from_expr(piece.len & 0xffff));
    let command = TxDescCommand::zeroed().with_eop(piece.last);

    TxDesc {
        addr: piece.addr.to_le(),
        layout: layout.into_raw().to_le(),
        command: command.into_raw().to_le(),
    }
}

/// Returns a frame from and to this station, of a type that nobody hashes.
fn frame(&[a, b, c, d, e, f]: &[u8; 6]) -> [u8; FRAME] {
    let header = [a, b, c, d, e, f, a, b, c, d, e, f, 0x88, 0xb5];
    let mut frame = [0; FRAME];

    for (i, byte) in frame.iter_mut().enumerate() {
        *byte = header.get(i).copied().unwrap_or_else(|| pattern(i));
    }
    frame
}

/// Returns byte `i` of what is written.
fn pattern(i: usize) -> u8 {
    // CAST: Any byte will do.
    (i as u8).wrapping_mul(167).wrapping_add(13)
}
