//! hey, in Go.

use super::{Gets, Lab, Measure, Tool};

pub(in crate::bench) const TOOL: Tool = Tool { name: "hey", version: &[], gets, read };

fn gets(_: &Lab, gets: &Gets) -> anyhow::Result<Vec<String>> {
    Ok(arguments(gets))
}

fn arguments(gets: &Gets) -> Vec<String> {
    let Gets { url, connections, seconds, rate, .. } = gets;
    let mut arguments =
        vec!["-z".to_owned(), format!("{seconds}s"), "-c".to_owned(), connections.to_string()];
    if let Some(rate) = rate {
        // Its rate is that of one connection.
        arguments.extend(["-q".to_owned(), (f64::from(*rate) / f64::from(*connections)).to_string()]);
    }
    arguments.push(url.clone());
    arguments
}

fn read(output: &str) -> Option<Measure> {
    let after = |name: &str| output.lines().find_map(|line| line.trim().strip_prefix(name));
    let quantile =
        |name: &str| Some(after(name)?.trim().strip_suffix(" secs")?.trim().parse::<f64>().ok()? * 1000.0);
    let (mut requests, mut failed) = (0, 0);
    for line in output.lines().map(str::trim).filter(|line| line.starts_with('[')) {
        let (code, rest) = line[1..].split_once(']')?;
        let rest = rest.trim();
        match rest.strip_suffix(" responses").and_then(|n| n.parse::<u64>().ok()) {
            Some(n) if code.starts_with('2') => requests += n,
            Some(n) => {
                requests += n;
                failed += n;
            }
            // A line of errors: `[12] Get "…": connection refused`.
            None => failed += code.parse::<u64>().ok()?,
        }
    }
    Some(Measure {
        requests,
        failed,
        per_second: after("Requests/sec:")?.trim().parse().ok()?,
        p50: quantile("50% in"),
        p95: quantile("95% in"),
        p99: quantile("99% in"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Aim;
    use super::*;
    use crate::bench::tools::near;

    const OUTPUT: &str = "
Summary:
  Total:\t5.0021 secs
  Slowest:\t0.0236 secs
  Requests/sec:\t31022.1234

Response time histogram:
  0.000 [1]\t|
  0.002 [150000]\t|■■■■

Latency distribution:
  10% in 0.0008 secs
  50% in 0.0015 secs
  95% in 0.0029 secs
  99% in 0.0041 secs

Status code distribution:
  [200]\t155176 responses
";

    #[test]
    fn output_is_read() {
        let well = Measure {
            requests: 155_176,
            failed: 0,
            per_second: 31_022.123_4,
            p50: Some(1.5),
            p95: Some(2.9),
            p99: Some(4.1),
        };
        near(read(OUTPUT), well);
        let errors = format!(
            "{OUTPUT}  [503]\t4 responses\n\nError distribution:\n  [3]\tGet \"http://127.0.0.1:1\": EOF\n"
        );
        near(read(&errors), Measure { requests: 155_180, failed: 7, ..well });
        assert_eq!(read("Usage: hey [options...] <url>"), None);
    }

    #[test]
    fn its_rate_is_that_of_a_connection() {
        let gets =
            Gets { url: "u".to_owned(), connections: 20, seconds: 10, rate: Some(200), aim: Aim::Speed };
        assert_eq!(arguments(&gets).join(" "), "-z 10s -c 20 -q 10 u");
    }
}
