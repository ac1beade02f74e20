// SPDX-License-Identifier: GPL-2.0

//! Files in `/proc/driver/ferronic`.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use super::{
    ffi,
    net::{
        Device,
        Hold,
        Operations, //
    }, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*,
    seq_file::SeqFile,
    str::CStr, //
};

/// A driver whose devices have a file.
pub(crate) trait Show: Operations {
    /// Writes the content of the file.
    fn show(dev: &Device<Self>, m: &SeqFile);
}

/// The directory. It exists while at least one of these does.
struct Dir(NonNull<bindings::proc_dir_entry>);

// SAFETY: The directory may be released from any thread.
unsafe impl Send for Dir {}

impl Dir {
    fn get() -> Result<Self> {
        // SAFETY: Runs in process context.
        let dir = unsafe { ffi::shim_proc_dir_get() };

        NonNull::new(dir).map(Self).ok_or(ENOMEM)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: `self` has one count of the directory.
        unsafe { ffi::shim_proc_dir_put() }
    }
}

/// The file itself. Removing it waits for readers; who has it open reads end of file after that.
struct Entry(NonNull<bindings::proc_dir_entry>);

// SAFETY: The entry may be removed from any thread.
unsafe impl Send for Entry {}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: `self` owns the entry.
        unsafe { ffi::proc_remove(self.0.as_ptr()) }
    }
}

/// The file of a device, until this is dropped.
///
/// Fields are dropped in the order in which they stand here.
pub(crate) struct File<'a, T: Show> {
    _entry: Entry,
    _dir: Dir,
    _hold: Hold<'a, T>,
}

impl<'a, T: Show> File<'a, T> {
    /// Creates the file.
    pub(crate) fn new(dev: &'a Device<T>, name: &CStr) -> Result<Self> {
        let hold = Hold::new(dev);
        let dir = Dir::get()?;
        // SAFETY:
        // - `name` is NUL-terminated and copied; the directory is valid.
        // - `show` fits to the data, which is valid until the entry is removed: see `Hold`.
        let entry = unsafe {
            ffi::proc_create_single_data(
                name.as_char_ptr(),
                0o444,
                dir.0.as_ptr(),
                Self::show,
                dev.as_ctx(),
            )
        };

        Ok(Self {
            _entry: Entry(NonNull::new(entry).ok_or(ENOMEM)?),
            _dir: dir,
            _hold: hold,
        })
    }

    /// # Safety
    ///
    /// To be called by `seq_read()` for an entry that [`File::new`] has made.
    unsafe extern "C" fn show(m: *mut bindings::seq_file, _unused: *mut c_void) -> c_int {
        // SAFETY: `single_open()` has stored the data of the entry there, which is a device. It is
        // valid, since removing the entry waits for this function.
        let dev = unsafe { Device::<T>::from_ctx((*m).private) };
        // SAFETY: `m` is valid and locked by `seq_read()`.
        let m = unsafe { SeqFile::from_raw(m) };

        T::show(dev, m);
        0
    }
}
