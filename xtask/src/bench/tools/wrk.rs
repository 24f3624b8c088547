//! wrk: the yardstick of speed, in C.

use super::{Gets, Lab, Measure, Tool, ms};

pub(in crate::bench) const TOOL: Tool = Tool { name: "wrk", version: &["-v"], gets, read };

fn gets(_: &Lab, gets: &Gets) -> anyhow::Result<Vec<String>> {
    let Gets { url, connections, seconds, .. } = gets;
    // One thread: as many as the bench gives it processors.
    Ok(["--latency", "-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), url]
        .map(str::to_owned)
        .to_vec())
}

fn read(output: &str) -> Option<Measure> {
    let after = |name: &str| output.lines().find_map(|line| line.trim().strip_prefix(name));
    let requests = output.lines().find_map(|line| line.trim().split_once(" requests in "))?.0.parse().ok()?;
    let failed = |line: &str| -> Option<u64> {
        let numbers = line.split(',').map(|part| part.split_whitespace().last()?.parse::<u64>().ok());
        numbers.sum()
    };
    let statuses = after("Non-2xx or 3xx responses:").map_or(Some(0), |n| n.trim().parse().ok())?;
    Some(Measure {
        requests,
        failed: after("Socket errors:").map_or(Some(0), failed)? + statuses,
        per_second: after("Requests/sec:")?.trim().parse().ok()?,
        p50: after("50%").and_then(ms),
        p95: None,
        p99: after("99%").and_then(ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tools::near;

    const OUTPUT: &str = "Running 5s test @ http://127.0.0.1:8080/
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   523.61us  101.56us   4.61ms   92.49%
    Req/Sec    94.53k     2.79k   98.31k    86.00%
  Latency Distribution
     50%  512.00us
     75%  536.00us
     90%  567.00us
     99%    1.02ms
  479623 requests in 5.10s, 74.10MB read
Requests/sec:  94046.12
Transfer/sec:     14.53MB
";

    #[test]
    fn output_is_read() {
        let well = Measure {
            requests: 479_623,
            failed: 0,
            per_second: 94_046.12,
            p50: Some(0.512),
            p95: None,
            p99: Some(1.02),
        };
        near(read(OUTPUT), well);
        let errors = OUTPUT.replace(
            "Requests/sec",
            "  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 10\nRequests/sec",
        );
        near(read(&errors), Measure { failed: 17, ..well });
        assert_eq!(read("unable to connect to 127.0.0.1:8080 Connection refused"), None);
    }
}
