// SPDX-License-Identifier: GPL-2.0

//! The queue pairs of an open interface: their rings, and how they come up and go down.
//!
//! Three types for three states of a pair, each made of the one before: [`Idle`], which no device knows;
//! [`Started`], which the device has been given; [`Live`], which is polled and transmits.

use crate::{
    abstractions::{
        callback::{
            Claimed,
            Enabled, //
        },
        dma::Quiesced,
        irq::Irq,
        napi::{
            Napi,
            NapiSource, //
        },
        netdev::{
            net_err,
            Handle, //
        },
        page_pool::BufferSize,
        pci::Doorbell,
        ring::Size,
        rtnl::Rtnl,
        skb::DropReason,
        timer::TimerSource,
        tx_queue::{
            self,
            Seat,
            TxQueue, //
        },
        tx_ring, //
    },
    hw::{
        vector_of,
        vectors_of, //
    },
    nic::Nic,
    pair::{
        Pair,
        PairIrq, //
    },
    regs::QUEUES,
    rx,
    stats::PairCounters,
    tx::{
        self,
        Tx, //
    },
    watchdog::{
        Watch,
        Watchdog, //
    },
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// What rings look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) pairs: usize,
    pub(crate) rx: Size,
    pub(crate) tx: Size,
    pub(crate) buffer: BufferSize,
}

/// What belongs to a queue pair wherever its rings are.
#[derive(Clone, Copy)]
struct Place<'a, 'bound> {
    number: usize,
    napi: &'a Napi<Pair<'bound>>,
    counters: &'a PairCounters,
    queue: TxQueue<'a>,
    rx_doorbell: Doorbell<'a>,
    tx_doorbell: Doorbell<'a>,
}

impl<'a, 'bound> Place<'a, 'bound> {
    fn new(dev: Handle<'a, Nic<'bound>>, number: usize) -> Result<Self> {
        let nic: &'a Nic<'bound> = dev.get();

        Ok(Self {
            number,
            napi: nic.napi(number)?,
            counters: nic.counters.pair(number).ok_or(EINVAL)?,
            queue: TxQueue::new(dev, number).ok_or(EINVAL)?,
            rx_doorbell: nic.regs.rx_doorbell(number)?,
            tx_doorbell: nic.regs.tx_doorbell(number)?,
        })
    }
}

/// The rings of a queue pair, which no device knows.
struct Idle<'a, 'bound> {
    place: Place<'a, 'bound>,
    rx: rx::Ring<'bound>,
    tx: tx::Ring<'bound>,
    seat: Seat<Tx<'a, 'bound>>,
}

/// The rings of a queue pair that the device has.
struct Started<'a, 'bound> {
    place: Place<'a, 'bound>,
    rx: rx::Queue<'bound>,
    sender: tx::Sender<'bound>,
    cleaner: tx::Cleaner<'bound>,
    seat: Seat<Tx<'a, 'bound>>,
}

/// A queue pair that works. Its poll and the transmit path own what is in the rings.
struct Live<'a, 'bound> {
    place: Place<'a, 'bound>,
    napi: Enabled<'a, NapiSource<Pair<'bound>>>,
}

/// A queue pair that is not polled any more.
struct Unpolled<'a, 'bound> {
    place: Place<'a, 'bound>,
    pair: Pair<'bound>,
}

/// What will call back when the rings work.
struct Callbacks<'a, 'bound> {
    polls: PerPair<Claimed<'a, NapiSource<Pair<'bound>>>>,
    watchdog: Claimed<'a, TimerSource<Watchdog<'bound>>>,
}

impl<'a, 'bound> Callbacks<'a, 'bound> {
    fn claim(dev: Handle<'a, Nic<'bound>>, pairs: usize) -> Result<Self> {
        let nic: &'a Nic<'bound> = dev.get();
        let mut polls = nothing();

        for (number, poll) in (0..pairs).zip(&mut polls) {
            *poll = Some(nic.napi(number)?.claim(dev)?);
        }
        Ok(Self {
            polls,
            watchdog: nic.watchdog.claim(dev)?,
        })
    }
}

impl<'a, 'bound> Idle<'a, 'bound> {
    fn new(dev: Handle<'a, Nic<'bound>>, number: usize, shape: Shape) -> Result<Self> {
        let nic: &'a Nic<'bound> = dev.get();
        let parent = nic.pdev.as_ref();

        Ok(Self {
            place: Place::new(dev, number)?,
            rx: rx::Ring::new(parent, dev, number, shape.rx, shape.buffer)?,
            tx: tx::Ring::new(parent, shape.tx)?,
            seat: Seat::new()?,
        })
    }

    /// Gives the rings to the device. It has them even if it says no.
    fn start(self, dev: Handle<'a, Nic<'bound>>) -> (Started<'a, 'bound>, Result) {
        let Place { number, napi, .. } = self.place;
        let vector = vector_of(number);
        let (rx, rx_started) = self.rx.lend(dev, Some(napi), |ring| {
            dev.regs.start_rx(number, vector, &ring)
        });
        let (sender, cleaner, tx_started) = self
            .tx
            .lend(|ring| dev.regs.start_tx(number, vector, &ring));

        (
            Started {
                place: self.place,
                // CAST: There are few pairs.
                rx: rx::Queue::new(rx, number as u16),
                sender,
                cleaner,
                seat: self.seat,
            },
            rx_started.and(tx_started),
        )
    }
}

impl<'a, 'bound> Started<'a, 'bound> {
    /// Takes the rings back from the device, which has stopped.
    ///
    /// Returns nothing if they do not belong together, which cannot be.
    fn take_back(self, stopped: &Quiesced) -> Option<Idle<'a, 'bound>> {
        let counters = self.place.counters;
        let tx = tx_ring::reclaim(self.sender, self.cleaner, stopped, |skb, _| {
            counters.tx_purged.add(1);
            // The stack was told long ago that it was taken.
            let _ = skb.free(DropReason::QueuePurge);
        });
        let rx = self.rx.into_ring(counters).take_back(stopped);

        Some(Idle {
            place: self.place,
            rx,
            tx: tx?,
            seat: self.seat,
        })
    }

    fn watch(&self) -> Watch<'bound> {
        Watch::new(self.rx.watch(), self.cleaner.watch())
    }

    /// Has the poll and the transmit path work on the rings. The queue of the stack is still stopped.
    fn run(
        self,
        dev: Handle<'a, Nic<'bound>>,
        poll: Claimed<'a, NapiSource<Pair<'bound>>>,
        irq: u32,
        rtnl: &mut Rtnl,
    ) -> Live<'a, 'bound> {
        let place = self.place;
        let pair = Pair::new(place.number, self.rx, self.cleaner);
        let tx = Tx::new(self.sender, place.queue, place.tx_doorbell, place.counters);

        // CAST: There are few pairs.
        let napi = poll.enable(pair, place.number as u32, irq, rtnl);
        tx_queue::install(dev, place.number, self.seat, tx);
        Live { place, napi }
    }
}

impl<'a, 'bound> Live<'a, 'bound> {
    /// Ends the poll, and waits for it.
    fn end_poll(self) -> Option<Unpolled<'a, 'bound>> {
        Some(Unpolled {
            place: self.place,
            pair: self.napi.disable()?,
        })
    }
}

impl<'a, 'bound> Unpolled<'a, 'bound> {
    /// Ends the transmit path, which the stack does not use any more.
    fn end_transmit(self, dev: Handle<'a, Nic<'bound>>) -> Option<Started<'a, 'bound>> {
        let (seat, tx) = tx_queue::remove(dev, self.place.number)?;
        let Pair { rx, tx: done, .. } = self.pair;

        Some(Started {
            place: self.place,
            rx,
            sender: tx.into_ring(),
            cleaner: done.into_ring(),
            seat,
        })
    }
}

/// Something of each queue pair.
type PerPair<T> = [Option<T>; QUEUES];

fn nothing<T>() -> PerPair<T> {
    [const { None }; QUEUES]
}

/// The rings of all queue pairs, which no device knows.
pub(crate) struct Rings<'a, 'bound> {
    idle: PerPair<Idle<'a, 'bound>>,
    shape: Shape,
}

impl<'a, 'bound> Rings<'a, 'bound> {
    /// Allocates them, and fills the receive rings.
    pub(crate) fn new(dev: Handle<'a, Nic<'bound>>, shape: Shape) -> Result<Self> {
        let mut idle = nothing();

        for (number, place) in (0..shape.pairs).zip(&mut idle) {
            *place = Some(Idle::new(dev, number, shape)?);
        }
        Ok(Self { idle, shape })
    }

    /// Gives them to the device, and has them polled.
    ///
    /// # Errors
    ///
    /// Returns them with what the device, or the configuration, has said.
    #[allow(clippy::result_large_err)]
    fn up(
        self,
        dev: Handle<'a, Nic<'bound>>,
        irqs: &Irqs<'a, 'bound>,
        rtnl: &mut Rtnl,
    ) -> Result<Running<'a, 'bound>, (Self, Error)> {
        let ready = Callbacks::claim(dev, self.shape.pairs)
            .and_then(|callbacks| dev.get().configure(&dev, rtnl).map(|()| callbacks));
        let callbacks = match ready {
            Ok(callbacks) => callbacks,
            Err(err) => return Err((self, err)),
        };
        let shape = self.shape;
        let mut started = nothing();
        let mut result = Ok(());

        for (place, idle) in started.iter_mut().zip(self.idle) {
            let Some((pair, told)) = idle.map(|idle| idle.start(dev)) else {
                continue;
            };

            *place = Some(pair);
            result = result.and(told);
        }
        if let Err(err) = result {
            net_err!(dev, "device refused a queue\n");
            return Err((Self::take_back(started, shape, dev), err));
        }
        for pair in started.iter().flatten() {
            pair.rx.ring(&pair.place.rx_doorbell);
        }

        let watches = started
            .each_ref()
            .map(|pair| pair.as_ref().map(Started::watch));
        let mut live = nothing();
        // A poll enables its vector, so not before there is a queue.
        let pairs = started.into_iter().zip(callbacks.polls);
        for (place, pair) in live.iter_mut().zip(pairs) {
            // There are as many of both.
            if let (Some(pair), Some(poll)) = pair {
                let irq = irqs.get(pair.place.number).map_or(0, Irq::number);

                *place = Some(pair.run(dev, poll, irq, rtnl));
            }
        }
        dev.regs.enable_vectors(vectors_of(shape.pairs));
        let watchdog = callbacks.watchdog.enable(Watchdog::new(watches));
        dev.tx_enable();
        Ok(Running {
            watchdog,
            live,
            shape,
        })
    }

    /// Stops the device and takes the rings back.
    fn take_back(
        started: PerPair<Started<'a, 'bound>>,
        shape: Shape,
        dev: Handle<'a, Nic<'bound>>,
    ) -> Self {
        let stopped = dev.stop_queues();

        Self {
            idle: started.map(|pair| pair.and_then(|pair| pair.take_back(&stopped))),
            shape,
        }
    }
}

/// The queue pairs while they work.
///
/// Fields are dropped in the order in which they stand here.
pub(crate) struct Running<'a, 'bound> {
    watchdog: Enabled<'a, TimerSource<Watchdog<'bound>>>,
    live: PerPair<Live<'a, 'bound>>,
    shape: Shape,
}

impl<'a, 'bound> Running<'a, 'bound> {
    /// Ends everything that uses the rings, stops the device, and takes the rings back.
    fn down(self, dev: Handle<'a, Nic<'bound>>) -> Rings<'a, 'bound> {
        drop(self.watchdog);
        // The polls first: they wake queues and enable vectors.
        let unpolled = self.live.map(|pair| pair.and_then(Live::end_poll));

        dev.tx_disable();
        let started = unpolled.map(|pair| pair.and_then(|pair| pair.end_transmit(dev)));

        Rings::take_back(started, self.shape, dev)
    }
}

type Irqs<'a, 'bound> = KVec<Irq<'a, Nic<'bound>, PairIrq<'a, 'bound>>>;

/// In which state the rings are.
enum Path<'a, 'bound> {
    Idle(Rings<'a, 'bound>),
    Running(Running<'a, 'bound>),
}

/// What exists while the interface is open.
pub(crate) struct Open<'a, 'bound> {
    path: Option<Path<'a, 'bound>>,
    irqs: Irqs<'a, 'bound>,
}

impl<'a, 'bound> Open<'a, 'bound> {
    /// Requests the interrupts of all possible pairs. Nothing works yet.
    pub(crate) fn new(dev: Handle<'a, Nic<'bound>>, rings: Rings<'a, 'bound>) -> Result<Self> {
        let nic: &'a Nic<'bound> = dev.get();
        let mut irqs = KVec::with_capacity(QUEUES, GFP_KERNEL)?;

        for number in 0..nic.most_pairs() {
            let name = CString::try_from_fmt(fmt!("{}-{}", &*dev.name(), number))?;
            let handler = PairIrq::new(dev, number)?;
            let mut irq = Irq::request(dev, &nic.vectors, vector_of(number), name, handler)?;

            // CAST: There are few pairs.
            irq.spread(dev, number as u32);
            irqs.push_within_capacity(irq).map_err(|_| ENOMEM)?;
        }
        Ok(Self {
            path: Some(Path::Idle(rings)),
            irqs,
        })
    }

    /// Brings the rings up, unless they are.
    pub(crate) fn up(&mut self, dev: Handle<'a, Nic<'bound>>, rtnl: &mut Rtnl) -> Result {
        let (path, result) = match self.path.take() {
            Some(Path::Idle(rings)) => match rings.up(dev, &self.irqs, rtnl) {
                Ok(running) => (Some(Path::Running(running)), Ok(())),
                Err((rings, err)) => (Some(Path::Idle(rings)), Err(err)),
            },
            other => (other, Ok(())),
        };

        self.path = path;
        result
    }

    /// Brings the rings down, unless they are.
    pub(crate) fn down(&mut self, dev: Handle<'a, Nic<'bound>>) {
        self.path = match self.path.take() {
            Some(Path::Running(running)) => Some(Path::Idle(running.down(dev))),
            other => other,
        };
    }

    /// Puts other rings into the place of the present ones, which are down.
    pub(crate) fn exchange(&mut self, rings: Rings<'a, 'bound>) -> Option<Rings<'a, 'bound>> {
        match self.path.replace(Path::Idle(rings)) {
            Some(Path::Idle(old)) => Some(old),
            running => {
                // They are not down: keep them.
                self.path = running;
                None
            }
        }
    }

    /// Returns what the rings look like.
    pub(crate) fn shape(&self) -> Option<Shape> {
        match &self.path {
            Some(Path::Idle(rings)) => Some(rings.shape),
            Some(Path::Running(running)) => Some(running.shape),
            None => None,
        }
    }

    /// Do the rings work?
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.path, Some(Path::Running(_)))
    }
}
