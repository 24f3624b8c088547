//! The control: a tiny server of our own, asked some hundred times a round. It tells how restless the machine was, and
//! nothing about the service.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Exchanges a round: some tens of milliseconds on an idle machine.
const EXCHANGES: usize = 400;
/// Bytes of a question and of an answer: about those of a small HTTP request.
const BYTES: usize = 256;
/// A machine on which it takes longer is restless beyond measure.
const AT_MOST: Duration = Duration::from_secs(5);

/// Median time of an exchange in milliseconds; `None` where the loopback interface does not work or it takes for ever.
pub(super) async fn measure() -> Option<f64> {
    tokio::time::timeout(AT_MOST, exchange()).await.ok()?.ok()
}

async fn exchange() -> std::io::Result<f64> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut buffer = [0; BYTES];
        while stream.read_exact(&mut buffer).await.is_ok() {
            stream.write_all(&buffer).await?;
        }
        std::io::Result::Ok(())
    });
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = [7; BYTES];
    let mut times = Vec::with_capacity(EXCHANGES);
    for _ in 0..EXCHANGES {
        let begun = Instant::now();
        stream.write_all(&buffer).await?;
        stream.read_exact(&mut buffer).await?;
        times.push(begun.elapsed());
    }
    drop(stream);
    server.abort();
    times.sort_unstable();
    Ok(times[EXCHANGES / 2].as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn an_exchange_takes_some_time() {
        assert!(super::measure().await.is_some_and(|ms| ms > 0.0));
    }
}
