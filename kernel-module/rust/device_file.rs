// SPDX-License-Identifier: GPL-2.0

//! `/dev/ferronicN`: the device's own memory, as a file.

use crate::{
    abstractions::{
        chardev::Files,
        dma::{
            CoherentBuffer,
            Direction, //
        },
        netdev::Handle,
    },
    nic::Nic,
    regs::DMA_MEMORY_SIZE,
    LocalModule, //
};
use kernel::{
    prelude::*,
    uaccess::{
        UserSliceReader,
        UserSliceWriter, //
    }, //
};

/// What an open file has.
pub(crate) struct OpenFile {
    /// It is in coherent memory, so that the copy engine can use it again and again.
    buffer: CoherentBuffer,
}

impl OpenFile {
    /// Returns the first `length` bytes of the buffer.
    fn bytes(&mut self, length: usize) -> Result<&mut [u8]> {
        self.buffer.bytes().get_mut(..length).ok_or(EINVAL)
    }
}

/// Returns how much of `length` there is from `position` to the end of the memory.
fn clip(position: usize, length: usize) -> usize {
    length.min(DMA_MEMORY_SIZE.saturating_sub(position))
}

impl<'bound> Files for Nic<'bound> {
    type Module = LocalModule;
    type File<'a>
        = OpenFile
    where
        Self: 'a;

    const END: i64 = DMA_MEMORY_SIZE as i64;

    fn open_file<'a>(dev: Handle<'a, Self>) -> Result<OpenFile> {
        Ok(OpenFile {
            buffer: CoherentBuffer::new(dev.pdev.as_ref(), DMA_MEMORY_SIZE)?,
        })
    }

    fn read_file<'a>(
        dev: Handle<'a, Self>,
        file: &mut OpenFile,
        position: usize,
        mut to: UserSliceWriter,
    ) -> Result<usize> {
        let length = clip(position, to.len());

        if length == 0 {
            return Ok(0);
        }
        dev.engine.copy(
            &dev,
            &mut file.buffer,
            Direction::FromDevice,
            position,
            length,
        )?;
        to.write_slice(file.bytes(length)?)?;
        Ok(length)
    }

    fn write_file<'a>(
        dev: Handle<'a, Self>,
        file: &mut OpenFile,
        position: usize,
        mut from: UserSliceReader,
    ) -> Result<usize> {
        let length = clip(position, from.len());

        if length == 0 {
            return if from.is_empty() { Ok(0) } else { Err(ENOSPC) };
        }
        from.read_slice(file.bytes(length)?)?;
        dev.engine.copy(
            &dev,
            &mut file.buffer,
            Direction::ToDevice,
            position,
            length,
        )?;
        Ok(length)
    }
}
