// SPDX-License-Identifier: GPL-2.0

//! The device: what it consists of, and how it comes up and goes down.

use crate::{
    abstractions::{
        dma::Lent,
        irq::{
            Irq,
            Vectors, //
        },
        napi::{
            self,
            Napi, //
        },
        net::{
            self,
            net_err,
            net_info,
            net_warn,
            Device,
            Operations,
            RxMode,
            StatName,
            TxOutcome, //
        },
        pci as bus,
        skb::SkBuff,
        work::DelayedWork, //
    },
    hw::{
        self,
        Regs, //
    },
    proc, regs,
    rx::{
        RxIrq,
        RxQueue,
        RxRing, //
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
        TxDone,
        TxIrq,
        TxSend, //
    },
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
        new_spinlock_irq,
        SpinLockIrq, //
    }, //
};

/// Descriptors of the receive ring.
pub(crate) const RX_RING: usize = 256;
/// Descriptors of the transmit ring.
pub(crate) const TX_RING: usize = 256;

const MAX_MTU: u32 = 1500;
const TX_TIMEOUT_MS: u32 = 5000;

/// The data of a device.
///
/// Everything that could refer to it is a guard in [`Attached`] or [`Up`], and gone before it is
/// dropped. Of the fields the order matters for the last three: the vectors are freed and the
/// registers unmapped before the device is disabled.
#[pin_data]
pub(crate) struct Nic<'bound> {
    pub(crate) counters: Counters,
    #[pin]
    pub(crate) mgmt: SpinLockIrq<Mgmt>,
    #[pin]
    pub(crate) service: DelayedWork<Service<'bound>>,
    #[pin]
    pub(crate) rx_napi: Napi<RxQueue<'bound>>,
    #[pin]
    pub(crate) tx_napi: Napi<TxDone<'bound>>,
    vectors: Vectors<'bound>,
    pub(crate) regs: Regs<'bound>,
    pub(crate) bus: bus::Enabled<'bound>,
    pub(crate) pdev: &'bound pci::Device<Bound>,
}

/// What exists from probe to remove. Dropped in this order: the interrupt queues the work, so the
/// work goes last.
pub(crate) struct Attached<'a, 'bound> {
    _file: proc::File<'a, 'bound>,
    _quiet: MgmtQuiet<'a, 'bound>,
    _mgmt_irq: Irq<'a, Nic<'bound>, MgmtIrq>,
    _service: crate::abstractions::work::Enabled<'a, Service<'bound>>,
}

/// Disables the management vector when it is dropped.
struct MgmtQuiet<'a, 'bound>(&'a Device<Nic<'bound>>);

impl Drop for MgmtQuiet<'_, '_> {
    fn drop(&mut self) {
        self.0.regs.disable_vectors(Regs::MGMT);
    }
}

/// What exists while the interface is up.
pub(crate) struct Up<'a, 'bound> {
    rx_napi: napi::Enabled<'a, RxQueue<'bound>>,
    tx_napi: napi::Enabled<'a, TxDone<'bound>>,
    rx_irq: Irq<'a, Nic<'bound>, RxIrq>,
    tx_irq: Irq<'a, Nic<'bound>, TxIrq>,
}

impl<'bound> Nic<'bound> {
    fn new<'core>(
        pdev: &'bound pci::Device<Core<'core>>,
    ) -> impl PinInit<Self, Error> + use<'bound, 'core> {
        let bound: &'bound pci::Device<Bound> = pdev;

        pin_init::pin_init_scope(move || {
            let mgmt = Mgmt::new()?;
            let bus = bus::Enabled::new(pdev)?;
            let regs = Regs::map(bound)?;

            regs.identify(bound)?;
            regs.reset(bound)?;
            let vectors = Vectors::new(bound, regs::VECTORS)?;

            Ok(try_pin_init!(Self {
                counters: Counters::default(),
                mgmt <- new_spinlock_irq!(mgmt),
                service <- DelayedWork::new(),
                rx_napi <- Napi::new(),
                tx_napi <- Napi::new(),
                vectors,
                regs,
                bus,
                pdev: bound,
            }))
        })
    }

    fn irq_name(dev: &Device<Self>, queue: &str) -> Result<CString> {
        CString::try_from_fmt(fmt!("{}-{}", &*dev.name(), queue))
    }
}

/// Sets up a device and registers it with the network stack.
pub(crate) fn probe<'bound>(pdev: &'bound pci::Device<Core<'_>>) -> Result {
    let bound: &'bound pci::Device<Bound> = pdev;

    net::register(bound.as_ref(), Nic::new(pdev))
}

impl<'bound> Operations for Nic<'bound> {
    const STAT_NAMES: &'static [StatName] = &stats::NAMES;
    const MAX_MTU: u32 = MAX_MTU;
    const TX_TIMEOUT_MS: u32 = TX_TIMEOUT_MS;
    const RX_RING: u32 = RX_RING as u32;
    const TX_RING: u32 = TX_RING as u32;

    type Attached<'a>
        = Attached<'a, 'bound>
    where
        Self: 'a;

    type Up<'a>
        = Up<'a, 'bound>
    where
        Self: 'a;

    type Tx<'a>
        = TxSend<'bound>
    where
        Self: 'a;

    fn hardware_address(&self) -> net::Address {
        self.regs.address()
    }

    fn attach<'a>(dev: &'a Device<Self>) -> Result<Attached<'a, 'bound>> {
        let service = dev.service.enable(dev)?;
        let name =
            CString::try_from_fmt(fmt!("{}:{}-mgmt", crate::NAME, dev.pdev.as_ref().name()))?;
        let mgmt_irq = Irq::request(dev, &dev.vectors, regs::VECTOR_MGMT, name)?;
        let quiet = MgmtQuiet(dev);

        dev.regs.enable_vectors(Regs::MGMT);
        dev.service.schedule(0);
        let file = proc::File::new(dev, dev.pdev.as_ref().name())?;

        let [a, b, c, d, e, f] = dev.address();
        net_info!(
            dev,
            "registered, address {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}\n"
        );
        Ok(Attached {
            _file: file,
            _quiet: quiet,
            _mgmt_irq: mgmt_irq,
            _service: service,
        })
    }

    fn open<'a>(dev: &'a Device<Self>) -> Result<(Up<'a, 'bound>, TxSend<'bound>)> {
        let rx = RxRing::new(dev)?;
        let (tx_send, tx_done) = tx::new_ring(dev)?;
        let rx_irq = Irq::request(
            dev,
            &dev.vectors,
            regs::VECTOR_RX,
            Self::irq_name(dev, "rx")?,
        )?;
        let tx_irq = Irq::request(
            dev,
            &dev.vectors,
            regs::VECTOR_TX,
            Self::irq_name(dev, "tx")?,
        )?;

        let rx_napi = dev.rx_napi.claim(dev, rx_irq.number())?;
        let tx_napi = dev.tx_napi.claim(dev, tx_irq.number())?;

        let rx = Lent::new(rx);
        let started = rx
            .lend(|ring| dev.regs.start_rx(ring.dma_address()))
            .and_then(|()| tx_send.lend(|ring| dev.regs.start_tx(ring.dma_address())));
        if let Err(err) = started {
            net_err!(dev, "device refused a queue\n");
            let stopped = hw::stop_queues(dev);
            rx.take_back(&stopped);
            tx_send.take_back(&stopped);
            return Err(err);
        }

        let rx_napi = rx_napi.enable(RxQueue(rx));
        let tx_napi = tx_napi.enable(tx_done);
        dev.regs.enable_vectors(Regs::QUEUES);

        Ok((
            Up {
                rx_napi,
                tx_napi,
                rx_irq,
                tx_irq,
            },
            tx_send,
        ))
    }

    fn stop<'a>(dev: &'a Device<Self>, up: Up<'a, 'bound>, tx_send: TxSend<'bound>) {
        // The polls first: they wake the queue and enable the interrupts.
        let tx_done = up.tx_napi.disable();
        let rx = up.rx_napi.disable();

        let stopped = hw::stop_queues(dev);
        drop(up.tx_irq);
        drop(up.rx_irq);

        if let Some(tx_done) = tx_done {
            tx_done.purge(&stopped);
        }
        tx_send.take_back(&stopped);
        if let Some(rx) = rx {
            rx.0.take_back(&stopped);
        }
    }

    fn start_xmit<'a>(
        dev: &'a Device<Self>,
        tx: &mut TxSend<'bound>,
        skb: SkBuff,
        more: bool,
    ) -> TxOutcome {
        tx.start_xmit(dev, skb, more)
    }

    fn set_rx_mode(dev: &Device<Self>, mode: RxMode) {
        dev.regs.set_filter(mode);
    }

    fn set_address(dev: &Device<Self>, address: &net::Address) {
        dev.regs.set_address(address);
    }

    fn tx_timeout(dev: &Device<Self>) {
        dev.counters.tx.timeouts.add(1);
        net_warn!(dev, "transmit queue timed out\n");
    }

    fn stats(dev: &Device<Self>) -> net::Stats {
        stats::standard(dev)
    }

    fn ethtool_stats(dev: &Device<Self>, to: &mut [u64]) {
        stats::ethtool(dev, to);
    }
}
