// SPDX-License-Identifier: GPL-2.0

//! A file of each device in `/proc/driver`.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use super::{
    ffi,
    hold::Hold,
    netdev::{
        Device,
        Handle, //
    },
    ops::Operations, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*,
    seq_file::SeqFile,
    str::CStr, //
};

/// A driver whose devices have a file.
pub(crate) trait Show: Operations {
    /// Writes the content of the file.
    fn show(dev: Handle<'_, Self>, m: &SeqFile);
}

/// Writes bytes as they are.
pub(crate) fn write_bytes(m: &SeqFile, bytes: &[u8]) {
    // SAFETY:
    // - `SeqFile` is a transparent wrapper of a valid `struct seq_file`.
    // - `bytes` is as long as said.
    unsafe {
        bindings::seq_write(
            core::ptr::from_ref(m).cast_mut().cast(),
            bytes.as_ptr().cast(),
            bytes.len(),
        )
    };
}

/// The directory of the driver. It exists while at least one of these does.
struct Root(NonNull<bindings::proc_dir_entry>);

// SAFETY: The directory may be released from any thread.
unsafe impl Send for Root {}

impl Root {
    fn get() -> Result<Self> {
        // SAFETY: Runs in process context.
        let dir = unsafe { ffi::shim_proc_dir_get() };

        NonNull::new(dir).map(Self).ok_or(ENOMEM)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // SAFETY: `self` has one count of the directory.
        unsafe { ffi::shim_proc_dir_put() }
    }
}

/// The directory of a device with its file. Removing it waits for readers; who has the file open can
/// read no more after that.
struct Entry(NonNull<bindings::proc_dir_entry>);

// SAFETY: The entry may be removed from any thread.
unsafe impl Send for Entry {}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: `self` owns the entry, which is removed once.
        unsafe { ffi::proc_remove(self.0.as_ptr()) }
    }
}

/// The file of a device, until this is dropped.
///
/// Fields are dropped in the order in which they stand here.
#[must_use = "the file is removed when this is dropped"]
pub(crate) struct File<'a, T: Show> {
    _dir: Entry,
    _root: Root,
    _hold: Hold<T>,
    _life: PhantomData<&'a T>,
}

impl<'a, T: Show> File<'a, T> {
    /// Creates the file `dir/name` below that of the driver.
    pub(crate) fn new(dev: Handle<'a, T>, dir: &CStr, name: &CStr) -> Result<Self> {
        let hold = Hold::new(dev);
        let root = Root::get()?;
        // SAFETY:
        // - `dir` is NUL-terminated, and copied.
        // - The root is valid as long as `root` is.
        let dir = unsafe { ffi::proc_mkdir(dir.as_char_ptr(), root.0.as_ptr()) };
        let dir = Entry(NonNull::new(dir).ok_or(ENOMEM)?);
        // SAFETY:
        // - `name` is NUL-terminated, and copied.
        // - The directory is valid as long as `dir` is.
        // - `show` fits to the data, which is valid until the entry is removed with its directory:
        //   see `Hold`.
        let file = unsafe {
            ffi::proc_create_single_data(
                name.as_char_ptr(),
                0o444,
                dir.0.as_ptr(),
                show::<T>,
                dev.as_ptr().cast_mut().cast(),
            )
        };

        if file.is_null() {
            return Err(ENOMEM);
        }
        Ok(Self {
            _dir: dir,
            _root: root,
            _hold: hold,
            _life: PhantomData,
        })
    }
}

/// # Safety
///
/// To be called by `seq_read()` for an entry that [`File::new`] has made for `T`.
unsafe extern "C" fn show<T: Show>(m: *mut bindings::seq_file, _unused: *mut c_void) -> c_int {
    // SAFETY:
    // - `m` is valid, and `single_open()` has stored the data of the entry there.
    // - By the safety requirement that is a device of `T`.
    // - It is valid until this returns, since removing the entry waits for that.
    let dev = unsafe { Handle::<T>::from_ptr((*m).private.cast::<Device<T>>()) };
    // SAFETY:
    // - `m` is valid until this returns.
    // - It is locked by `seq_read()`, so nobody else uses it.
    let m = unsafe { SeqFile::from_raw(m) };

    T::show(dev, m);
    0
}
