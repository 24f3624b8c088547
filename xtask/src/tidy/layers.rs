//! What each part of the house does without: a table of places and of words that their code never says.

use std::collections::BTreeMap;

use super::{
    Finding,
    rust::{has_word, imports},
    tree::Tree,
};

/// One thing that is deliberately absent.
struct Absence {
    /// Begins of paths, from the root.
    places: &'static [&'static str],
    /// Begins of paths inside the places that may say it nevertheless.
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const ABSENCES: &[Absence] = &[
    Absence {
        places: &["report/src/"],
        except: &[],
        words: &[
            "std::fs",
            "fs::",
            "fs_err",
            "std::net",
            "net::",
            "std::env",
            "std::process",
            "process::",
            "std::thread",
            "thread::",
            "std::time::Instant",
            "Instant",
            "SystemTime",
            "std::io",
            "stdin",
            "stdout",
            "stderr",
            "tokio",
            "async",
            "await",
            "spawn",
            "rand",
            "thread_rng",
        ],
        why: "the report has no I/O, clock or async: the same judgement must come out of the runner, the page and a test",
    },
    Absence {
        places: &["viewer/src/"],
        // Reports that are dropped on the page: nobody else can compare these.
        except: &["viewer/src/compare.rs"],
        words: &["judge", "conclude", "Judgement"],
        why: "the page draws what the report says and decides nothing",
    },
    Absence {
        places: &["runner/src/engine/schedule/"],
        except: &[],
        words: &[
            "sleep",
            "sleep_until",
            "send",
            "tokio",
            "async",
            "await",
            "Instant",
            "SystemTime",
            "spawn",
            "hyper",
            "mpsc",
        ],
        why: "a schedule is a pure function of elapsed time and count; the one loop that sleeps and sends is elsewhere",
    },
    Absence {
        places: &[
            "runner/src/engine/client/",
            "runner/src/engine/flow.rs",
            "runner/src/engine/outcome.rs",
            "runner/src/engine/recorder.rs",
            "runner/src/engine/request.rs",
            "runner/src/engine/seat.rs",
            "runner/src/engine/user.rs",
            "runner/src/engine/websocket/",
        ],
        except: &[],
        words: &[
            "Mutex",
            "RwLock",
            "Semaphore",
            "mpsc",
            "broadcast",
            "oneshot",
            "crossbeam",
            "flume",
            "parking_lot",
        ],
        why: "no lock and no channel per request on the measured path: what waits there would be measured as the service's",
    },
    Absence {
        places: &["runner/src/engine/"],
        except: &[],
        words: &["SystemTime", "Timestamp", "jiff"],
        why: "time spans are measured by the monotonic clock: one that is set meanwhile would be measured as latency",
    },
    Absence {
        places: &["report/src/", "runner/src/", "services/src/", "viewer/src/"],
        except: &["runner/src/cli/", "runner/src/output/", "runner/src/main.rs"],
        words: &["print!", "println!", "eprint!", "eprintln!", "anstream", "io::stdout", "io::stderr"],
        why: "only the command line and the outputs print",
    },
    Absence {
        places: &["report/src/", "runner/src/", "services/src/", "viewer/src/", "xtask/src/"],
        except: &["runner/src/main.rs"],
        words: &["process::exit", "process::abort", "exit("],
        why: "only main exits, so that every report is written and every target is stopped",
    },
    Absence {
        places: &["runner/src/output/"],
        except: &[],
        words: &["Plan", "crate::suite", "crate::target", "crate::cli"],
        why: "outputs read a report and the run's events, nothing else",
    },
    Absence {
        places: &["runner/src/suite/"],
        except: &[],
        words: &[
            "tokio",
            "hyper",
            "reqwest",
            "crate::engine",
            "crate::gate",
            "crate::output",
            "crate::cli",
            "crate::target",
        ],
        why: "a suite is read and decided without running anything",
    },
    Absence {
        places: &["services/src/"],
        except: &[],
        words: &["loadgate", "loadgate_report"],
        why: "the reference services know nothing of the tool that is tried on them",
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for absence in ABSENCES {
        let guarded = tree.ending(".rs").filter(|file| {
            absence.places.iter().any(|place| file.path.starts_with(place))
                && !absence.except.iter().any(|except| file.path.starts_with(except))
                && !is_test(&file.path)
        });
        for file in guarded {
            let mut said = BTreeMap::new();
            for (at, line) in file.code.lines().enumerate() {
                if let Some(word) = absence.words.iter().find(|word| says(line, word)) {
                    said.insert(at + 1, word);
                }
            }
            // What a group of imports hides from a look at its lines: `use std::{fs, …}`.
            for (line, path) in imports(&file.code) {
                if let Some(word) = absence.words.iter().find(|word| says(&path, word)) {
                    said.entry(line).or_insert(word);
                }
            }
            findings
                .extend(said.into_iter().map(|(line, word)| {
                    Finding::new(&file.path, line, format!("`{word}`: {}", absence.why))
                }));
        }
    }
    findings
}

/// Each place must exist, or a rename would switch its rule off without a sound.
#[cfg(test)]
fn guards_nothing(tree: &Tree) -> Vec<&'static str> {
    let places = ABSENCES.iter().flat_map(|absence| absence.places.iter().chain(absence.except));
    places.copied().filter(|place| !tree.files().iter().any(|file| file.path.starts_with(place))).collect()
}

fn says(line: &str, word: &str) -> bool {
    // `fn exit(` and `self.exit(` are names of ours; the word is about ending the process.
    word != "exit(" && has_word(line, word) || word == "exit(" && line.trim_start().starts_with("exit(")
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_absence_is_noticed_when_it_is_broken() {
        let table = [
            ("report/src/a.rs", "fn f() { std::fs::read(p); }"),
            ("report/src/a.rs", "use std::{collections::BTreeMap, net::TcpStream};"),
            ("report/src/a.rs", "use std::{\n    fs,\n};"),
            ("report/src/a.rs", "let now = Instant::now();"),
            ("report/src/a.rs", "async fn f() {}"),
            ("viewer/src/table.rs", "let verdict = judge(&scenario);"),
            ("viewer/src/table.rs", "use loadgate_report::conclude;"),
            ("runner/src/engine/schedule/burst.rs", "tokio::time::sleep(gap).await;"),
            ("runner/src/engine/schedule/mod.rs", "fn send(&self) {}"),
            ("runner/src/engine/user.rs", "records: Arc<Mutex<Vec<u64>>>,"),
            ("runner/src/engine/recorder.rs", "let (tx, rx) = mpsc::channel();"),
            ("runner/src/engine/exchange.rs", "let due = SystemTime::now();"),
            ("runner/src/gate/mod.rs", "println!();"),
            ("services/src/lib.rs", "eprintln!(\"x\");"),
            ("runner/src/cli/run.rs", "std::process::exit(3);"),
            ("xtask/src/test.rs", "process::exit(1)"),
            ("runner/src/output/human.rs", "use crate::suite::plan::Plan;"),
            ("runner/src/suite/parse.rs", "use crate::engine::Engine;"),
            ("services/src/cached_chat/mod.rs", "use loadgate_report::Report;"),
        ];
        for (path, text) in table {
            assert_eq!(check(&Tree::with(path, text)).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn what_is_allowed_is_not_noticed() {
        let table = [
            ("report/src/a.rs", "// std::fs is for the runner\nlet offset = \"Instant\";"),
            ("report/src/a.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
            ("runner/src/cli/run.rs", "println!(); fn exit(&self) {}"),
            ("runner/src/output/human.rs", "eprintln!();"),
            ("runner/src/main.rs", "std::process::exit(1);"),
            ("runner/tests/cli.rs", "println!();"),
            ("runner/src/engine/live.rs", "let progress = Mutex::new(());"),
        ];
        for (path, text) in table {
            assert_eq!(check(&Tree::with(path, text)), [], "{path}: {text}");
        }
    }

    #[test]
    fn every_place_exists() {
        let tree = Tree::of_workspace().expect("the workspace can be read");
        assert_eq!(guards_nothing(&tree), Vec::<&str>::new());
    }
}
