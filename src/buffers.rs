//! Memory of the buffers in which records cross from the JS thread to the engine, and from the engine to the spool. Who has
//! read a buffer gives it back for later ones: the page faults of new memory cost more than the copy into it.

use std::sync::Mutex;

use crate::lock::lock;

/// The number of buffers that are kept.
const MAX_KEPT: usize = 4;
/// A larger buffer is not kept: the facade fills a buffer with 128 Ki characters and one record.
const MAX_KEPT_BYTES: usize = 512 << 10;

static KEPT: Kept = Kept(Mutex::new(Vec::new()));

/// An empty buffer, with memory if some is kept.
#[must_use]
pub fn take() -> Vec<u8> {
    KEPT.take()
}

/// A copy of these bytes.
#[must_use]
pub fn copy(bytes: &[u8]) -> Vec<u8> {
    let mut buffer = take();
    buffer.extend_from_slice(bytes);
    buffer
}

/// Takes back a buffer that has been read.
pub fn give_back(buffer: Vec<u8>) {
    KEPT.add(buffer);
}

/// Frees what is kept: no JS environment is left.
pub fn clear() {
    KEPT.clear();
}

struct Kept(Mutex<Vec<Vec<u8>>>);

impl Kept {
    fn take(&self) -> Vec<u8> {
        lock(&self.0).pop().unwrap_or_default()
    }

    fn add(&self, mut buffer: Vec<u8>) {
        let mut kept = lock(&self.0);
        if buffer.capacity() <= MAX_KEPT_BYTES && kept.len() < MAX_KEPT {
            buffer.clear();
            kept.push(buffer);
        }
    }

    fn clear(&self) {
        lock(&self.0).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_within_limits() {
        let kept = Kept(Mutex::default());
        let buffer = vec![7; 1000];
        let memory = buffer.as_ptr();
        kept.add(buffer);
        let again = kept.take();
        assert_eq!((again.as_ptr(), again.len(), again.capacity()), (memory, 0, 1000));
        kept.add(Vec::with_capacity(MAX_KEPT_BYTES + 1));
        assert_eq!(kept.take().capacity(), 0);
        (0..2 * MAX_KEPT).for_each(|_| kept.add(Vec::with_capacity(10)));
        assert_eq!(lock(&kept.0).len(), MAX_KEPT);
        kept.clear();
        assert_eq!(kept.take().capacity(), 0);
    }
}
