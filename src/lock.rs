//! How this crate locks a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks the mutex, also after a panic: each mutex of this crate holds a list or numbers, which a panic leaves usable.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
