// SPDX-License-Identifier: GPL-2.0

//! A character device of each net device.
//!
//! A file can be open when its device goes. What the driver keeps for a file is therefore not owned by
//! the file but lent to it: dropping the [`CharDev`] takes it away from all files, after the call in
//! progress on each, and every later call fails with [`ENODEV`].
//!
//! C header: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use super::{
    hold::Hold,
    netdev::{
        Device,
        Handle, //
    },
    ops::Operations, //
};
use core::{
    hint,
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    error::to_result,
    module::this_module,
    prelude::*,
    str::CString,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    },
    types::Opaque,
    uaccess::{
        UserPtr,
        UserSlice,
        UserSliceReader,
        UserSliceWriter, //
    },
    ModuleMetadata, //
};

/// A driver whose devices have a character device.
pub(crate) trait Files: Operations {
    /// The module, which stays while a file is open.
    type Module: ModuleMetadata;

    /// What an open file has.
    type File<'a>: Send
    where
        Self: 'a;

    /// Where a file ends.
    const END: i64;

    /// Opens a file.
    fn open_file<'a>(dev: Handle<'a, Self>) -> Result<Self::File<'a>>;

    /// Reads up to as much as there is room for in `to`, from `position` on. Returns how much.
    fn read_file<'a>(
        dev: Handle<'a, Self>,
        file: &mut Self::File<'a>,
        position: usize,
        to: UserSliceWriter,
    ) -> Result<usize>;

    /// Writes up to as much as there is in `from`, from `position` on. Returns how much.
    fn write_file<'a>(
        dev: Handle<'a, Self>,
        file: &mut Self::File<'a>,
        position: usize,
        from: UserSliceReader,
    ) -> Result<usize>;
}

/// A file that is open.
///
/// # Invariants
///
/// The content of `state` is a pointer to a `KBox<T::File<'a>>`, with `'a` the life of the device, or
/// nothing, if it was taken away.
#[pin_data]
struct OpenFile<T: Files> {
    #[pin]
    state: Mutex<Option<NonNull<c_void>>>,
    shared: Arc<Shared<T>>,
    dev: NonNull<Device<T>>,
}

// SAFETY:
// - `T::File: Send`, and whoever takes it out of `state` drops it in its own thread.
// - `shared` may be used and dropped by any thread, and so may `Device<T>`, which is `Sync`.
unsafe impl<T: Files> Send for OpenFile<T> {}

// SAFETY:
// - The content of `state` is only used by who holds the lock, one thread at a time.
// - For all else, as above.
unsafe impl<T: Files> Sync for OpenFile<T> {}

impl<T: Files> OpenFile<T> {
    /// Takes away what the driver keeps for the file. Waits for a call in progress.
    fn revoke(&self) {
        let state = self.state.lock().take();

        if let Some(state) = state {
            // SAFETY:
            // - By the type invariants it is a box of this type.
            // - It is taken once, as nothing was left in its place.
            drop(unsafe { KBox::<T::File<'_>>::from_raw(state.as_ptr().cast()) });
        }
    }

    /// Calls `f` with what the driver keeps for the file.
    fn with<R>(
        &self,
        f: impl for<'a> FnOnce(Handle<'a, T>, &mut T::File<'a>) -> Result<R>,
    ) -> Result<R> {
        let mut state = self.state.lock();
        let state = state.as_mut().ok_or(ENODEV)?;

        // SAFETY:
        // - By the type invariants it is a box of this type.
        // - The lock is held, so there is no other reference.
        // - As long as it is there so is the device: who takes it away waits for the lock.
        // - `f` is for any `'a`, so nothing that it is given can outlive the call.
        unsafe {
            f(
                Handle::from_ptr(self.dev.as_ptr()),
                &mut *state.as_ptr().cast::<T::File<'_>>(),
            )
        }
    }
}

/// The files of a device.
#[pin_data]
struct Shared<T: Files> {
    #[pin]
    files: Mutex<KVec<Arc<OpenFile<T>>>>,
}

/// What C knows of a character device.
///
/// # Invariants
///
/// `misc` is registered as long as `self` exists.
#[pin_data(PinnedDrop)]
struct Misc<T: Files> {
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    shared: Arc<Shared<T>>,
    dev: NonNull<Device<T>>,
    _name: CString,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY:
// - It may be unregistered by any thread.
// - `shared` may be dropped by any thread, and so may the name.
// - `Device<T>` is `Sync`.
unsafe impl<T: Files> Send for Misc<T> {}

/// A character device, until this is dropped.
///
/// Fields are dropped in the order in which they stand here.
#[must_use = "the character device goes when this is dropped"]
pub(crate) struct CharDev<'a, T: Files> {
    _misc: Pin<KBox<Misc<T>>>,
    _hold: Hold<T>,
    _life: PhantomData<&'a T>,
}

impl<'a, T: Files> CharDev<'a, T> {
    /// Makes a character device `/dev/<name>` with the permissions `mode`. The kernel complains of a name
    /// that there is already.
    pub(crate) fn new(
        dev: Handle<'a, T>,
        parent: &kernel::device::Device<kernel::device::Bound>,
        name: CString,
        mode: u16,
    ) -> Result<Self> {
        let hold = Hold::new(dev);
        let shared = Arc::pin_init(
            try_pin_init!(Shared {
                files <- new_mutex!(KVec::new()),
            }),
            GFP_KERNEL,
        )?;
        // The buffer of a `CString` stays where it is when the `CString` is moved.
        let raw_name = name.as_char_ptr();
        // INVARIANT: `misc_register()` is the last that can fail; if it does there is no `Misc`.
        let misc = KBox::pin_init(
            try_pin_init!(Misc {
                shared,
                dev: NonNull::from(dev.get()),
                _name: name,
                _pin: PhantomPinned,
                misc <- Opaque::try_ffi_init(|slot: *mut bindings::miscdevice| {
                    let mut misc: bindings::miscdevice = pin_init::zeroed();

                    misc.minor = bindings::MISC_DYNAMIC_MINOR as c_int;
                    misc.name = raw_name;
                    misc.fops = &Self::OPERATIONS;
                    misc.parent = super::dma::as_raw(parent);
                    misc.mode = mode;
                    // SAFETY:
                    // - `slot` is valid for writing, and pinned.
                    // - The operations are a constant, and `_name` lives until it is deregistered.
                    // - Calls of `open` need the fields above, which are there already.
                    unsafe {
                        slot.write(misc);
                        to_result(bindings::misc_register(slot))
                    }
                }),
            }? Error),
            GFP_KERNEL,
        )?;

        Ok(Self {
            _misc: misc,
            _hold: hold,
            _life: PhantomData,
        })
    }

    const OPERATIONS: bindings::file_operations = {
        let mut ops: bindings::file_operations = pin_init::zeroed();

        ops.owner = this_module::<T::Module>().as_ptr();
        ops.open = Some(open::<T>);
        ops.release = Some(release::<T>);
        ops.read = Some(read::<T>);
        ops.write = Some(write::<T>);
        ops.llseek = Some(llseek::<T>);
        ops
    };
}

#[pinned_drop]
impl<T: Files> PinnedDrop for Misc<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant it is registered.
        //
        // After this no file is being opened, nor will be: `misc_open()` runs under the same lock.
        unsafe { bindings::misc_deregister(self.misc.get()) };
        for file in self.shared.files.lock().iter() {
            file.revoke();
        }
    }
}

fn try_open<T: Files>(misc: &Misc<T>) -> Result<Arc<OpenFile<T>>> {
    // SAFETY: The device is held as long as `misc` is registered, and that waits for opening.
    let dev = unsafe { Handle::<T>::from_ptr(misc.dev.as_ptr()) };
    let state = KBox::new(T::open_file(dev)?, GFP_KERNEL)?;
    let file = Arc::pin_init(
        try_pin_init!(OpenFile {
            state <- new_mutex!(None),
            shared: misc.shared.clone(),
            dev: misc.dev,
        }),
        GFP_KERNEL,
    )?;

    {
        let file = file.clone();
        let mut files = misc.shared.files.lock();
        let files = &mut *files;

        // `reserve()` would check this again, and panic.
        //
        // SAFETY:
        // - There are no more elements than there is room for.
        // - There is room for no more bytes than can be allocated, and an element has at least one.
        unsafe {
            hint::assert_unchecked(files.len() <= files.capacity());
            hint::assert_unchecked(files.capacity() <= isize::MAX as usize);
        }
        files.reserve(1, GFP_KERNEL)?;
        files.push_within_capacity(file).map_err(|_| ENOMEM)?;
    }
    // INVARIANT: It is a box of this type. The file is in the list, but not revoked yet: that waits
    // for opening.
    *file.state.lock() = NonNull::new(KBox::into_raw(state).cast());
    Ok(file)
}

/// # Safety
///
/// To be called by `misc_open()` for a device that [`CharDev::new`] has made for `T`.
unsafe extern "C" fn open<T: Files>(
    _inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY:
    // - `file` is valid, and `misc_open()` has stored the `struct miscdevice` there.
    // - By the safety requirement that is a part of a `Misc<T>`.
    // - `misc_open()` keeps it from being deregistered until this returns.
    // - Nobody has a mutable reference: dropping it deregisters it first.
    let misc = unsafe {
        let misc: *mut bindings::miscdevice = (*file).private_data.cast();
        &*kernel::container_of!(Opaque::cast_from(misc), Misc<T>, misc)
    };

    match try_open(misc) {
        Ok(open) => {
            // SAFETY:
            // - `file` is valid.
            // - It is being opened, so this is the only access.
            unsafe { (*file).private_data = Arc::into_raw(open).cast_mut().cast() };
            0
        }
        Err(err) => err.to_errno(),
    }
}

/// Returns what belongs to a file.
///
/// # Safety
///
/// `file` must have been opened by [`open`] for `T`, and not been released before the end of `'a`.
unsafe fn of<'a, T: Files>(file: *mut bindings::file) -> &'a OpenFile<T> {
    // SAFETY: By the safety requirements:
    // - `open` has stored it there, for `T`.
    // - The file keeps its count until it is released, which is after `'a`.
    unsafe { &*(*file).private_data.cast() }
}

/// # Safety
///
/// To be called by the kernel as the operation of this name, for a file that [`open`] has opened.
unsafe extern "C" fn release<T: Files>(
    _inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY:
    // - By the safety requirement, `open` has stored it there, from `Arc::into_raw()`.
    // - A file is released once, so the count is taken once.
    let open = unsafe { Arc::<OpenFile<T>>::from_raw((*file).private_data.cast()) };

    {
        let mut files = open.shared.files.lock();

        for place in 0..files.len() {
            if files
                .get(place)
                .is_some_and(|other| ptr::eq(&**other, &*open))
            {
                let _ = files.remove(place);
                break;
            }
        }
    }
    open.revoke();
    0
}

/// Calls `f` with the position of a file, and moves it by what `f` returns.
///
/// # Safety
///
/// `position` must be valid, and belong to this call.
unsafe fn moving(position: *mut bindings::loff_t, f: impl FnOnce(usize) -> Result<usize>) -> isize {
    // SAFETY: By the safety requirement.
    let position = unsafe { &mut *position };
    let result = usize::try_from(*position)
        .map_err(Error::from)
        .and_then(f)
        .and_then(|moved| {
            *position = position.saturating_add(i64::try_from(moved)?);
            Ok(isize::try_from(moved)?)
        });

    match result {
        Ok(moved) => moved,
        Err(err) => err.to_errno() as isize,
    }
}

/// # Safety
///
/// As for [`release`].
unsafe extern "C" fn read<T: Files>(
    file: *mut bindings::file,
    to: *mut c_char,
    len: usize,
    position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: By the safety requirement; the file is not released before this returns.
    let open = unsafe { of::<T>(file) };
    let to = UserSlice::new(UserPtr::from_ptr(to.cast()), len).writer();

    // SAFETY: C passes a copy of the position, for this call.
    unsafe {
        moving(position, |position| {
            open.with(|dev, file| T::read_file(dev, file, position, to))
        })
    }
}

/// # Safety
///
/// As for [`release`].
unsafe extern "C" fn write<T: Files>(
    file: *mut bindings::file,
    from: *const c_char,
    len: usize,
    position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: By the safety requirement; the file is not released before this returns.
    let open = unsafe { of::<T>(file) };
    let from = UserSlice::new(UserPtr::from_ptr(from.cast_mut().cast()), len).reader();

    // SAFETY: C passes a copy of the position, for this call.
    unsafe {
        moving(position, |position| {
            open.with(|dev, file| T::write_file(dev, file, position, from))
        })
    }
}

/// # Safety
///
/// As for [`release`].
unsafe extern "C" fn llseek<T: Files>(
    file: *mut bindings::file,
    offset: bindings::loff_t,
    whence: c_int,
) -> bindings::loff_t {
    // SAFETY: By the safety requirement; the file is not released before this returns.
    if unsafe { of::<T>(file) }.state.lock().is_none() {
        return ENODEV.to_errno().into();
    }
    // SAFETY: By the safety requirement the file is valid.
    unsafe { bindings::fixed_size_llseek(file, offset, whence, T::END) }
}
