// SPDX-License-Identifier: GPL-2.0

//! The device: what it consists of, and how it comes and goes.

use crate::{
    abstractions::{
        callback,
        chardev::CharDev,
        dma::Quiesced,
        ethtool::Rss,
        irq::{
            Irq,
            Vectors, //
        },
        napi::Napi,
        netdev::{
            self,
            net_info,
            net_warn,
            Features,
            Handle,
            Registration,
            RxMode, //
        },
        ops::{
            self,
            Burst,
            Operations,
            TxOutcome, //
        },
        page_pool::BufferSize,
        pci as bus,
        ring::Size,
        rtnl::{
            Rtnl,
            RtnlCell, //
        },
        skb::SkBuff,
        timer::Timer,
        work::{
            DelayedWork,
            WorkSource, //
        },
    },
    copy::{
        Engine,
        Idle, //
    },
    datapath::{
        Open,
        Rings,
        Shape, //
    },
    hw::{
        Regs,
        MGMT, //
    },
    pair::Pair,
    proc, regs,
    regs::{
        QUEUES,
        RSS_ENTRIES,
        RSS_KEY_SIZE, //
    },
    reset::{
        self,
        Reset, //
    },
    service::{
        Mgmt,
        MgmtIrq,
        Service, //
    },
    stats::{
        self,
        Counters, //
    },
    tx::{
        self,
        Tx, //
    },
    watchdog::Watchdog,
};
use kernel::{
    device::{
        Bound,
        Core, //
    },
    pci,
    prelude::*,
    str::CString,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_spinlock_irq,
        SpinLockIrq, //
    }, //
};

/// Bytes of a frame that are not counted in the MTU: Ethernet header and a VLAN tag.
const HEADERS: u32 = 18;
const MAX_MTU: u32 = regs::FRAME_MAX - HEADERS;
const TX_TIMEOUT_MS: u32 = 5000;
/// Descriptors of a ring unless somebody wants it otherwise.
const RING: Size = match Size::new(512) {
    Some(size) => size,
    None => panic!(),
};
/// Least time between two interrupts of a queue pair unless somebody wants it otherwise.
const MODERATION_USECS: u32 = 20;

/// What a user can set. The RTNL protects it.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) pairs: usize,
    pub(crate) rx: Size,
    pub(crate) tx: Size,
    pub(crate) usecs: u32,
    pub(crate) key: [u8; RSS_KEY_SIZE],
    pub(crate) table: [u32; RSS_ENTRIES],
}

impl Settings {
    fn new(pairs: usize) -> Self {
        let mut this = Self {
            pairs,
            rx: RING,
            tx: RING,
            usecs: MODERATION_USECS,
            key: netdev::rss_key(),
            table: [0; RSS_ENTRIES],
        };

        this.spread();
        this
    }

    /// Spreads the indirection table over the pairs.
    pub(crate) fn spread(&mut self) {
        for (entry, pair) in self.table.iter_mut().zip((0..self.pairs as u32).cycle()) {
            *entry = pair;
        }
    }

    /// Returns what rings must look like for an MTU.
    pub(crate) fn shape(&self, mtu: u32) -> Shape {
        let fits = mtu.saturating_add(HEADERS) <= BufferSize::Half.capacity();

        Shape {
            pairs: self.pairs,
            rx: self.rx,
            tx: self.tx,
            buffer: if fits {
                BufferSize::Half
            } else {
                BufferSize::Page
            },
        }
    }
}

/// The data of a device.
///
/// Everything that could refer to it is a guard in [`Attached`] or [`Open`], and gone before it is
/// dropped. Of the fields the order matters for the last two: the vectors are freed before the device
/// is disabled.
#[pin_data]
pub(crate) struct Nic<'bound> {
    pub(crate) counters: Counters,
    pub(crate) settings: RtnlCell<Settings>,
    /// The device is left alone: it is suspended, or the bus deals with it.
    pub(crate) quiesced: RtnlCell<bool>,
    #[pin]
    pub(crate) mgmt: SpinLockIrq<Mgmt>,
    #[pin]
    pub(crate) service: DelayedWork<Service<'bound>>,
    #[pin]
    pub(crate) reset: DelayedWork<Reset<'bound>>,
    #[pin]
    pub(crate) watchdog: Timer<Watchdog<'bound>>,
    #[pin]
    napi: [Napi<Pair<'bound>>; QUEUES],
    #[pin]
    pub(crate) engine: Engine,
    pairs: Atomic<u32>,
    lost: Atomic<bool>,
    pub(crate) vectors: Vectors<'bound>,
    pub(crate) regs: Regs<'bound>,
    pub(crate) pdev: &'bound pci::Device<Bound>,
}

/// What exists from probe to remove.
///
/// Fields are dropped in the order in which they stand here. The service work enables the management
/// vector, so it ends before that is disabled. Either may ask for work that has ended, which does
/// nothing.
pub(crate) struct Attached<'a, 'bound> {
    _files: CharDev<'a, Nic<'bound>>,
    _stats: proc::File<'a, 'bound>,
    service: Option<callback::Enabled<'a, WorkSource<Service<'bound>>>>,
    _quiet: MgmtQuiet<'a, 'bound>,
    mgmt_irq: Irq<'a, Nic<'bound>, MgmtIrq>,
    _reset: callback::Enabled<'a, WorkSource<Reset<'bound>>>,
}

impl<'a, 'bound> Attached<'a, 'bound> {
    /// Has the service work run, if it does not.
    pub(crate) fn start_service(&mut self, dev: Handle<'a, Nic<'bound>>) -> Result {
        let nic: &'a Nic<'bound> = dev.get();

        if self.service.is_none() {
            self.service = Some(nic.service.claim(dev)?.enable(Service::default()));
        }
        nic.service.schedule(0);
        Ok(())
    }

    /// Ends the service work, and its interrupt.
    pub(crate) fn stop_service(&mut self, nic: &Nic<'bound>) {
        self.service = None;
        nic.with_registers(|regs| regs.disable_mgmt());
        self.mgmt_irq.synchronize();
    }
}

/// Disables the management vector when it is dropped.
struct MgmtQuiet<'a, 'bound>(Handle<'a, Nic<'bound>>);

impl Drop for MgmtQuiet<'_, '_> {
    fn drop(&mut self) {
        self.0.with_registers(|regs| regs.disable_mgmt());
    }
}

impl<'bound> Nic<'bound> {
    fn new<'core>(
        pdev: &'bound pci::Device<Core<'core>>,
    ) -> impl PinInit<Self, Error> + use<'bound, 'core> {
        let bound: &'bound pci::Device<Bound> = pdev;

        pin_init::pin_init_scope(move || {
            let mgmt = Mgmt::new(Mgmt::new_books()?);
            let regs = Regs::map(bus::Enabled::new(pdev)?)?;

            regs.identify()?;
            regs.reset()?;
            let vectors = Vectors::new(bound, 2, 1 + bus::online_cpus().min(QUEUES as u32))?;
            let pairs = vectors.count().saturating_sub(1);

            Ok(try_pin_init!(Self {
                counters: Counters::default(),
                settings: RtnlCell::new(Settings::new(pairs)),
                quiesced: RtnlCell::new(false),
                mgmt <- new_spinlock_irq!(mgmt),
                service <- DelayedWork::new(),
                reset <- DelayedWork::new(),
                watchdog <- Timer::new(),
                napi <- pin_init::pin_init_array_from_fn(|_| Napi::new()),
                engine <- Engine::new(),
                // CAST: There are few.
                pairs: Atomic::new(pairs as u32),
                lost: Atomic::new(false),
                vectors,
                regs,
                pdev: bound,
            }))
        })
    }

    /// Returns how many queue pairs there can be.
    pub(crate) fn most_pairs(&self) -> usize {
        self.vectors.count().saturating_sub(1).min(QUEUES)
    }

    /// Returns how many queue pairs are used.
    pub(crate) fn pairs(&self) -> u32 {
        self.pairs.load(Relaxed)
    }

    /// Returns the NAPI instance of a queue pair.
    pub(crate) fn napi(&self, number: usize) -> Result<&Napi<Pair<'bound>>> {
        self.napi.get(number).ok_or(EINVAL)
    }

    /// Is the device lost: gone, or does not work?
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Relaxed)
    }

    /// Notes whether the device is lost, and returns what was noted before.
    pub(crate) fn set_lost(&self, lost: bool) -> bool {
        self.lost.xchg(lost, Relaxed)
    }

    /// Has the device reset as soon as possible. May be called in any context.
    pub(crate) fn ask_for_reset(&self) {
        self.reset.run_now();
    }

    /// Calls `f` with what the lock of the management interrupt protects.
    pub(crate) fn with_mgmt<R>(&self, f: impl FnOnce(&mut Mgmt) -> R) -> R {
        f(&mut self.mgmt.lock())
    }

    /// Can registers be accessed? Not while the device is quiesced or being reset, and not after a reset
    /// that has failed.
    pub(crate) fn is_ready(&self) -> bool {
        self.with_mgmt(|mgmt| mgmt.ready)
    }

    /// Sets whether registers can be accessed. No copy is in progress.
    pub(crate) fn set_ready(&self, _copies: &Idle<'_>, ready: bool) {
        self.with_mgmt(|mgmt| mgmt.ready = ready);
    }

    /// Calls `f` with the registers, if they can be accessed, and as long as that is so.
    ///
    /// For whoever does not hold the RTNL with the device present.
    pub(crate) fn with_registers<R>(&self, f: impl FnOnce(&Regs<'bound>) -> R) -> Option<R> {
        let mgmt = self.mgmt.lock();

        mgmt.ready.then(|| f(&self.regs))
    }

    /// Resets the device. Whatever this returns, the device does not access memory.
    pub(crate) fn reset_device(&self) -> Result {
        let copies = self.engine.idle();

        self.set_ready(&copies, false);
        self.regs.reset()?;
        self.set_ready(&copies, true);
        Ok(())
    }

    /// Resets a device that does not do what it is told to by its registers.
    pub(crate) fn function_level_reset<P>(&self, copies: &Idle<'_>) -> Quiesced<P> {
        self.set_ready(copies, false);
        let (stopped, result) = self.regs.function_level_reset();

        if result.is_ok() {
            self.set_ready(copies, true);
            self.regs.enable_vectors(MGMT);
        }
        stopped
    }

    /// Stops all queues. On return the device has no access to rings and their buffers.
    pub(crate) fn stop_queues(&self) -> Quiesced {
        self.regs
            .stop_queues()
            .unwrap_or_else(|_| self.function_level_reset(&self.engine.idle()))
    }

    /// Sets what a reset has forgotten, but for the queues.
    pub(crate) fn configure(&self, dev: &netdev::Device<Self>, rtnl: &Rtnl) -> Result {
        let settings = self.settings.get(rtnl);

        self.regs.set_address(&dev.address());
        self.regs.set_max_frame(dev.mtu().saturating_add(HEADERS))?;
        self.regs.set_filter(dev.rx_mode(rtnl));
        self.regs.set_rss(&Rss {
            key: &settings.key,
            table: &settings.table,
        })?;
        for pair in 0..self.most_pairs() {
            self.regs.set_moderation(pair, settings.usecs)?;
        }
        Ok(())
    }

    /// Changes the settings, and the MTU. If that needs other rings they are allocated first, while the
    /// old ones work on: if there is no memory nothing has changed.
    pub(crate) fn reshape<'a>(
        dev: Handle<'a, Self>,
        mtu: u32,
        change: impl FnOnce(&mut Settings),
        rtnl: &mut Rtnl,
    ) -> Result {
        let mut settings = dev.settings.get(rtnl).clone();

        change(&mut settings);
        let shape = settings.shape(mtu);
        dev.with_open(rtnl, |open, rtnl| match open {
            Some(open) if open.shape() != Some(shape) => {
                let rings = Rings::new(dev, shape)?;
                let was_up = open.is_up();

                open.down(dev);
                let old = open.exchange(rings);
                let mut result = Self::adopt(dev, mtu, settings, rtnl);
                if let (Err(_), Some(old)) = (result, old) {
                    open.exchange(old);
                }
                if was_up {
                    let up = open.up(dev, rtnl).inspect_err(|_| reset::lose(dev));
                    result = result.and(up);
                }
                result
            }
            _ => Self::adopt(dev, mtu, settings, rtnl),
        })
    }

    /// Sets the settings and the MTU, for which the rings have the right shape.
    fn adopt(dev: Handle<'_, Self>, mtu: u32, settings: Settings, rtnl: &mut Rtnl) -> Result {
        // CAST: There are few.
        let pairs = settings.pairs as u32;

        if pairs != dev.pairs() {
            dev.set_real_num_queues(pairs, rtnl)?;
        }
        dev.pairs.store(pairs, Relaxed);
        *dev.settings.get_mut(rtnl) = settings;
        dev.set_mtu(mtu, rtnl);
        dev.with_registers(|regs| regs.set_max_frame(mtu.saturating_add(HEADERS)))
            .unwrap_or(Ok(()))
    }
}

/// Sets up a device and registers it with the network stack.
pub(crate) fn probe<'bound, 'core>(
    pdev: &'bound pci::Device<Core<'core>>,
) -> impl PinInit<Registration<'bound, Nic<'bound>>, Error> + use<'bound, 'core> {
    let bound: &'bound pci::Device<Bound> = pdev;
    let nic = Nic::new(pdev);

    pin_init::pin_init_scope(move || Registration::new(bound.as_ref(), nic))
}

impl<'bound> Operations for Nic<'bound> {
    const QUEUES: usize = QUEUES;
    const MAX_MTU: u32 = MAX_MTU;
    const TX_TIMEOUT_MS: u32 = TX_TIMEOUT_MS;
    const MAX_SEGMENTS: u32 = regs::TSO_SEGMENTS;
    const FEATURES: Features = Features::HIGHDMA;
    const HW_FEATURES: Features = Features::SG
        .and(Features::HW_CSUM)
        .and(Features::TSO)
        .and(Features::TSO_ECN)
        .and(Features::TSO6)
        .and(Features::RXCSUM)
        .and(Features::RXHASH);
    const VLAN_FEATURES: Features = Features::SG.and(Features::HW_CSUM).and(Features::HIGHDMA);

    type Attached<'a>
        = Attached<'a, 'bound>
    where
        Self: 'a;

    type Open<'a>
        = Open<'a, 'bound>
    where
        Self: 'a;

    type Tx<'a>
        = Tx<'a, 'bound>
    where
        Self: 'a;

    fn hardware_address(&self) -> netdev::Address {
        self.regs.address()
    }

    fn prepare<'a>(dev: Handle<'a, Self>, rtnl: &mut Rtnl) -> Result {
        dev.set_real_num_queues(dev.pairs(), rtnl)
    }

    fn attach<'a>(dev: Handle<'a, Self>) -> Result<Attached<'a, 'bound>> {
        let nic: &'a Self = dev.get();
        let reset = nic.reset.claim(dev)?.enable(Reset::default());
        let service = nic.service.claim(dev)?.enable(Service::default());
        let bdf = bus::name(nic.pdev);
        let name = CString::try_from_fmt(fmt!("{}:{}-mgmt", crate::NAME, bdf))?;
        let mgmt_irq = Irq::request(dev, &nic.vectors, regs::VECTOR_MGMT, name, MgmtIrq)?;
        let quiet = MgmtQuiet(dev);

        dev.with_registers(|regs| regs.enable_vectors(MGMT));
        nic.service.schedule(0);
        let stats = proc::File::new(dev, bdf, c"stats")?;
        let file = CString::try_from_fmt(fmt!("ferronic{}", bus::number(nic.pdev)))?;
        let files = CharDev::new(dev, nic.pdev.as_ref(), file, 0o600)?;

        let [a, b, c, d, e, f] = dev.address();
        net_info!(
            dev,
            "registered, address {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}\n"
        );
        Ok(Attached {
            _files: files,
            _stats: stats,
            service: Some(service),
            _quiet: quiet,
            mgmt_irq,
            _reset: reset,
        })
    }

    fn open<'a>(dev: Handle<'a, Self>, rtnl: &mut Rtnl) -> Result<Open<'a, 'bound>> {
        let shape = dev.settings.get(rtnl).shape(dev.mtu());
        let mut open = Open::new(dev, Rings::new(dev, shape)?)?;

        open.up(dev, rtnl)?;
        Ok(open)
    }

    fn stop<'a>(dev: Handle<'a, Self>, mut open: Open<'a, 'bound>, _rtnl: &mut Rtnl) {
        open.down(dev);
    }

    #[inline]
    fn start_xmit<'a>(
        _dev: Handle<'a, Self>,
        tx: &mut Tx<'a, 'bound>,
        skb: SkBuff,
        burst: Burst<'_>,
    ) -> TxOutcome {
        tx.start_xmit(skb, burst)
    }

    #[inline]
    fn features_check(skb: &SkBuff, features: Features) -> Features {
        tx::features_check(skb, features)
    }

    fn set_rx_mode<'a>(dev: Handle<'a, Self>, mode: RxMode, _rtnl: &mut Rtnl) {
        dev.with_registers(|regs| regs.set_filter(mode));
    }

    fn set_address<'a>(dev: Handle<'a, Self>, address: &netdev::Address, _rtnl: &mut Rtnl) {
        dev.with_registers(|regs| regs.set_address(address));
    }

    fn change_mtu<'a>(dev: Handle<'a, Self>, mtu: u32, rtnl: &mut Rtnl) -> Result {
        Self::reshape(dev, mtu, |_| (), rtnl)
    }

    fn tx_timeout<'a>(dev: Handle<'a, Self>, queue: u32) {
        dev.counters.tx_timeouts.add(1);
        net_warn!(dev, "transmit queue {} timed out\n", queue);
        dev.ask_for_reset();
    }

    fn stats<'a>(dev: Handle<'a, Self>) -> ops::Stats {
        stats::standard(&dev)
    }
}
