//! What a collector of Mastra is. Pure.

pub mod answer;
