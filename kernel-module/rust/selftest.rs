// SPDX-License-Identifier: GPL-2.0

//! `ethtool -t`.

use crate::{
    abstractions::{
        clock,
        dma::{
            CoherentBuffer,
            Direction, //
        },
        napi::Napi,
        netdev::{
            self,
            net_err,
            Handle, //
        },
        page_pool::BufferSize,
        ring::Size,
        rtnl::Rtnl,
        skb::SkBuff,
        stats::{
            stat_name,
            StatName, //
        },
        tx_ring::{
            self,
            Account,
            Descriptor as _, //
        },
    },
    nic::Nic,
    pair::Pair,
    regs::{
        RxDescStatus,
        TxDesc,
        DMA_BLOCK,
        DMA_MEMORY_SIZE,
        ID,
        MAGIC,
        SCRATCH,
        STATUS,
        VECTOR_MGMT, //
    },
    reset,
    rx,
    tx, //
};
use kernel::{
    io::Io,
    prelude::*,
    time::Delta, //
};

/// The tests, in the order of their results.
pub(crate) const NAMES: [StatName; 4] = [
    stat_name("Registers"),
    stat_name("Copy engine"),
    stat_name("Interrupt"),
    stat_name("Loopback (offline)"),
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
const FRAME: usize = 256;

/// Runs the tests. What failed becomes the number of the error.
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
        *result = passed.map_or_else(|err| err.to_errno().unsigned_abs().into(), |()| 0);
    }
}

/// A register returns what was written to it.
fn registers(nic: &Nic<'_>) -> Result {
    let magic = nic.with_registers(|regs| regs.read(ID).magic().get());

    if magic != Some(MAGIC) {
        return Err(ENODEV);
    }
    for value in [0x5a5a_a5a5, 0xffff_0000, 1, 0] {
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
    let mut before = CoherentBuffer::new(nic.pdev.as_ref(), DMA_MEMORY_SIZE)?;
    let mut written = CoherentBuffer::new(nic.pdev.as_ref(), DMA_MEMORY_SIZE)?;
    let mut read = CoherentBuffer::new(nic.pdev.as_ref(), DMA_MEMORY_SIZE)?;
    let copy =
        |memory: &mut _, direction| nic.engine.copy(nic, memory, direction, 0, DMA_MEMORY_SIZE);

    fill(written.bytes());
    copy(&mut before, Direction::FromDevice)?;
    let copied = copy(&mut written, Direction::ToDevice)
        .and_then(|()| copy(&mut read, Direction::FromDevice));
    let same = read.bytes() == written.bytes();
    let restored = copy(&mut before, Direction::ToDevice);

    copied?;
    if !same {
        return Err(EIO);
    }
    restored
}

/// A copy that has finished leads to a management interrupt.
fn interrupt(nic: &Nic<'_>) -> Result {
    let interrupts = || nic.with_mgmt(|mgmt| mgmt.books.tally.interrupts);
    let mut memory = CoherentBuffer::new(nic.pdev.as_ref(), BLOCK)?;
    let before = interrupts();

    nic.engine
        .copy(nic, &mut memory, Direction::FromDevice, 0, BLOCK)?;
    if interrupts() == before {
        return Err(EIO);
    }
    Ok(())
}

/// Runs the loopback test with the queues stopped, and starts them again if they were not.
fn undisturbed(dev: Handle<'_, Nic<'_>>, rtnl: &mut Rtnl) -> Result {
    dev.with_open(rtnl, |open, rtnl| {
        let Some(open) = open.filter(|open| open.is_up()) else {
            return loopback(dev);
        };

        open.down(dev);
        let result = loopback(dev);
        let up = open.up(dev, rtnl).inspect_err(|_| reset::lose(dev));

        result.and(up)
    })
}

/// A frame that is sent comes back as it was, through rings of their own, without interrupts.
fn loopback(dev: Handle<'_, Nic<'_>>) -> Result {
    if !dev.regs.read(STATUS).link_up() {
        return Err(ENOLINK);
    }
    let parent = dev.pdev.as_ref();
    let rx = rx::Ring::new(parent, dev, QUEUE, RING, BufferSize::Half)?;
    let tx = tx::Ring::new(parent, RING)?;
    // Nobody else sends to this station.
    let address = netdev::random_address();
    let frame = frame(&address);
    let skb = dev.alloc_skb(&frame)?;

    dev.regs.set_address(&address);
    dev.regs.set_loopback(true);
    let result = exchange(dev, rx, tx, skb, &frame);
    dev.regs.set_loopback(false);
    dev.regs.set_address(&dev.address());
    result
}

/// Lends the rings to the device, and takes them back when the frame went through them.
fn exchange<'bound>(
    dev: Handle<'_, Nic<'bound>>,
    rx: rx::Ring<'bound>,
    tx: tx::Ring<'bound>,
    skb: SkBuff,
    frame: &[u8],
) -> Result {
    let nobody: Option<&Napi<Pair<'bound>>> = None;
    let (mut rx, rx_started) = rx.lend(dev, nobody, |ring| {
        dev.regs.start_rx(QUEUE, VECTOR_MGMT, &ring)
    });
    let (mut sender, cleaner, tx_started) =
        tx.lend(|ring| dev.regs.start_tx(QUEUE, VECTOR_MGMT, &ring));
    let result = rx_started
        .and(tx_started)
        .inspect_err(|_| net_err!(dev, "device refused a queue\n"));

    let result = match (result, sender.room()) {
        (Ok(()), Some(room)) => room
            .push(skb, Account::default(), TxDesc::following)
            .map_err(|skb| {
                skb.consume();
                ENOMEM
            }),
        (result, _) => {
            skb.consume();
            result.and(Err(ENOMEM))
        }
    }
    .and_then(|_pushed| {
        rx.ring(&dev.regs.rx_doorbell(QUEUE)?);
        sender.ring(&dev.regs.tx_doorbell(QUEUE)?);
        await_frame(&mut rx, &cleaner, frame)
    });

    let stopped = dev.stop_queues();
    drop(rx.take_back(&stopped));
    drop(tx_ring::reclaim(sender, cleaner, &stopped, |skb, _| {
        skb.consume()
    }));
    result
}

/// Waits until the frame was sent, and received as it was. Broadcasts of others may come before it.
fn await_frame(rx: &mut rx::Lent<'_>, tx: &tx::Cleaner<'_>, frame: &[u8]) -> Result {
    let mut received = false;

    clock::poll(
        || {
            while let Some(buffer) = rx.next() {
                let status = RxDescStatus::from(buffer.status());

                received |= buffer.bytes(status.length().get()) == Some(frame);
            }
            received && tx.has_work(tx.progress())
        },
        |done| *done,
        POLL,
        DEADLINE,
    )?;
    Ok(())
}

/// Returns a frame from and to this station, of a type that nobody hashes.
fn frame(&[a, b, c, d, e, f]: &netdev::Address) -> [u8; FRAME] {
    let header = [a, b, c, d, e, f, a, b, c, d, e, f, 0x90, 0x00];
    let mut frame = [0; FRAME];

    fill(&mut frame);
    for (to, from) in frame.iter_mut().zip(header) {
        *to = from;
    }
    frame
}

fn fill(bytes: &mut [u8]) {
    for (i, byte) in (0..bytes.len()).zip(bytes) {
        // CAST: The low byte of each.
        *byte = i as u8 ^ (i >> 8) as u8 ^ 0xa5;
    }
}
