//! The four verdicts and how they add up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a condition, a scenario or a whole run came to.
///
/// The order is that of severity, so the verdict of a whole is the maximum over its parts. `Fail` outranks `Invalid`
/// because a failure that was really seen stays true whatever else could not be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was to be judged was judged, and holds.
    #[default]
    Pass,
    /// The samples do not decide it.
    Inconclusive,
    /// It could not be measured: no samples, target gone, generator overloaded.
    Invalid,
    /// A condition, a count or a confirmed regression failed.
    Fail,
}

impl Verdict {
    /// The word used in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
            Self::Fail => "fail",
        }
    }

    /// The worst of several; `Pass` for none.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().max().unwrap_or_default()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides() {
        assert_eq!(Verdict::worst([]), Verdict::Pass);
        assert_eq!(Verdict::worst([Verdict::Pass, Verdict::Inconclusive]), Verdict::Inconclusive);
        assert_eq!(Verdict::worst([Verdict::Invalid, Verdict::Inconclusive]), Verdict::Invalid);
        assert_eq!(Verdict::worst([Verdict::Invalid, Verdict::Fail, Verdict::Pass]), Verdict::Fail);
    }
}
