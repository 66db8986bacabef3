//! What a collector of Mastra is. Pure.
//!
//! | module | what it is |
//! |---|---|
//! | `request` | where a signal goes, what the headers say, the body around records, and the probe |
//! | `answer` | what an answer means |

pub mod answer;
pub mod request;
