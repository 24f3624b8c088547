//! Runs a piece of the measured path so many times, for valgrind to count its instructions: `hot_path NAME TIMES`. Without
//! arguments it lists the names. `cargo xtask bench instructions` calls it.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;

fn main() -> ExitCode {
    // What cargo itself adds to the arguments of a bench (`--bench`) is none of ours.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let pieces = loadgate::engine::hot_path::pieces();
    match &arguments[..] {
        [name, times] => {
            let times = times.parse::<u64>().ok();
            let piece = pieces.into_iter().find(|(known, _)| known == name);
            let (Some((_, mut run)), Some(times)) = (piece, times) else { return ExitCode::FAILURE };
            (0..times).for_each(|_| run());
        }
        _ => pieces.iter().for_each(|(name, _)| println!("{name}")),
    }
    ExitCode::SUCCESS
}
