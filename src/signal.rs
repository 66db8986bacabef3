//! The five kinds of telemetry and the one map from each to its names.

use serde::{Serialize, Serializer};

/// A kind of telemetry record. The discriminant is the kind of its records on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ended spans.
    Traces,
    /// Log lines.
    Logs,
    /// Metric points.
    Metrics,
    /// Evaluation scores.
    Scores,
    /// User feedback.
    Feedback,
}

impl Signal {
    /// Every signal, in the order in which the peer reports them.
    pub const ALL: [Self; 5] = [Self::Traces, Self::Logs, Self::Metrics, Self::Scores, Self::Feedback];

    /// Position in [`Signal::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The signal at this position in [`Signal::ALL`].
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// The name in log lines, error ids and option names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Scores => "scores",
            Self::Feedback => "feedback",
        }
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_agree() {
        for (index, signal) in Signal::ALL.into_iter().enumerate() {
            assert_eq!(signal.index(), index);
            assert_eq!(Signal::from_index(index), Some(signal));
        }
        for other in [5, 6, usize::MAX] {
            assert_eq!(Signal::from_index(other), None);
        }
    }
}
