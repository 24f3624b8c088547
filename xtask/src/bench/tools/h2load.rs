//! h2load, in C, here with HTTP/1.1.

use super::{Gets, Lab, Measure, Tool};

pub(in crate::bench) const TOOL: Tool = Tool { name: "h2load", version: &["--version"], gets, read };

fn gets(_: &Lab, gets: &Gets) -> anyhow::Result<Vec<String>> {
    let Gets { url, connections, seconds, .. } = gets;
    Ok(["--h1", "-t1", &format!("-c{connections}"), &format!("-D{seconds}"), url].map(str::to_owned).to_vec())
}

fn read(output: &str) -> Option<Measure> {
    let finished = output.lines().find(|line| line.starts_with("finished in"))?;
    let per_second = finished.split(", ").nth(1)?.strip_suffix(" req/s")?.parse().ok()?;
    let counts = output.lines().find(|line| line.starts_with("requests:"))?;
    let count = |name: &str| -> Option<u64> {
        let part = counts.split([',', ':']).find_map(|part| part.trim().strip_suffix(name))?;
        part.trim().parse().ok()
    };
    Some(Measure {
        requests: count("succeeded")?,
        failed: count("failed")? + count("errored")? + count("timeout")?,
        per_second,
        ..Measure::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tools::near;

    #[test]
    fn output_is_read() {
        let output = "starting benchmark...
finished in 5.01s, 76012.40 req/s, 11.96MB/s
requests: 380062 total, 380112 started, 380062 done, 380060 succeeded, 2 failed, 1 errored, 3 timeout
status codes: 380062 2xx, 0 3xx, 0 4xx, 0 5xx
";
        let expected = Measure { requests: 380_060, failed: 6, per_second: 76_012.4, ..Measure::default() };
        near(read(output), expected);
        assert_eq!(read("could not resolve host"), None);
    }
}
