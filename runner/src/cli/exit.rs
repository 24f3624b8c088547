//! Exit codes, and the errors that own them.

use std::process::ExitCode;

/// Shown below `--help`.
pub(super) const HELP: &str = "\
Exit codes:
  0    pass
  1    the gate failed: a condition, a count or a confirmed regression
  2    usage or suite error
  3    invalid run: the target was not there or died, or the generator could not keep up
  4    inconclusive, or baseline missing or incompatible, with --fail-on inconclusive
  130  interrupted (SIGINT); 143 terminated (SIGTERM): the partial report is written and marked";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: passed, or did what was asked.
    Pass,
    /// 1: the gate failed.
    Fail,
    /// 2: usage or suite error.
    Usage,
    /// 3: invalid run.
    Invalid,
    /// 4: inconclusive, where that counts.
    Inconclusive,
    /// 128 + the signal's number: 130 or 143.
    Signal(u8),
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Inconclusive => 4,
            Self::Signal(number) => 128 + number,
        }
    }

    /// The worse of two. A signal outranks everything, then failures by how certain they are.
    pub fn worst(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Pass => 0,
            Self::Inconclusive => 1,
            Self::Invalid => 2,
            Self::Fail => 3,
            Self::Usage => 4,
            Self::Signal(_) => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do what was asked.
#[derive(Debug)]
pub enum CliError {
    /// Errors of a suite, already drawn with their places.
    Suite(String),
    /// Wrong use: a file that is not there, a name that does not exist.
    Usage(anyhow::Error),
    /// There is nothing to test.
    Target(anyhow::Error),
}

impl CliError {
    /// Wrong use.
    pub(super) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::Usage(error.into())
    }

    /// The exit code that it owns.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Suite(_) | Self::Usage(_) => Exit::Usage,
            Self::Target(_) => Exit::Invalid,
        }
    }

    /// Prints it to standard error.
    pub(super) fn print(&self) {
        let red = anstyle::AnsiColor::Red.on_default().bold();
        match self {
            Self::Suite(text) => anstream::eprintln!("{text}"),
            Self::Usage(error) | Self::Target(error) => anstream::eprintln!("{red}error{red:#}: {error:#}"),
        }
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        Self::Usage(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_exit_wins() {
        assert_eq!(Exit::Pass.worst(Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(Exit::Fail.worst(Exit::Invalid), Exit::Fail);
        assert_eq!(Exit::Fail.worst(Exit::Signal(2)).code(), 130);
    }
}
