//! The protocol of a Mastra collector. Pure.
//!
//! | module | what it is |
//! |---|---|
//! | `request` | where a signal goes, what the headers say, the body around records, and the probe |
//! | `answer`, `reply` | the meaning of an answer, and its text |

pub mod answer;
pub mod reply;
pub mod request;
