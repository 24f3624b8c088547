//! Compressed streams, unpacked as they arrive: what a server has packed and flushed comes out at once.

use std::fmt;
use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zstd::stream::raw::{DParameter, Decoder as Zstd};
use zstd::stream::zio::Writer as ZstdWriter;

use super::TransportError;
use super::coding::{Coding, MOST, too_large};

/// Largest window of Zstandard, as a power of two: 8 MiB, which is what the coding may ask of a client (RFC 9659). Every stream that
/// is open at the same time has one.
const ZSTD_WINDOW: u32 = 23;

/// Takes packed bytes, however they are cut, and has unpacked what can be told from them.
pub(super) struct Unpacker {
    coding: Coding,
    decoder: Decoder,
}

/// What was unpacked, which may only become so large: a few packed bytes can stand for any number.
#[derive(Default)]
struct Unpacked(Vec<u8>);

enum Decoder {
    Gzip(Box<MultiGzDecoder<Unpacked>>),
    /// The first bytes of `deflate`, up to two, that tell how it is wrapped.
    Unwrapped(Vec<u8>),
    Zlib(Box<ZlibDecoder<Unpacked>>),
    Deflate(Box<DeflateDecoder<Unpacked>>),
    Brotli(Box<DecompressorWriter<Unpacked>>),
    Zstd(Box<ZstdWriter<Unpacked, Zstd<'static>>>),
}

impl Unpacker {
    /// An unpacker for a coding.
    ///
    /// # Errors
    /// This one cannot be unpacked before its end.
    pub(super) fn new(coding: Coding) -> Result<Self, TransportError> {
        let decoder = match coding {
            Coding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(Unpacked::default()))),
            Coding::Deflate => Decoder::Unwrapped(Vec::new()),
            Coding::Brotli => Decoder::Brotli(Box::new(DecompressorWriter::new(Unpacked::default(), 4096))),
            Coding::Zstd => Decoder::zstd().map_err(|error| coding.failure(&error))?,
            Coding::Identity | Coding::Unknown => {
                return Err(TransportError::protocol(format!(
                    "an event stream with a content-encoding ({coding:?}) that cannot be unpacked while it arrives, so that \
                     its events cannot be timed; ask for another with `accept-encoding: gzip`, `br`, `zstd` or `identity`"
                )));
            }
        };
        Ok(Self { coding, decoder })
    }

    /// Takes more packed bytes.
    pub(super) fn feed(&mut self, packed: &[u8]) -> Result<(), TransportError> {
        self.decoder.feed(packed).map_err(|error| self.coding.failure(&error))
    }

    /// Sees whether all is there, and right where the coding can tell.
    pub(super) fn finish(&mut self) -> Result<(), TransportError> {
        self.decoder.finish().map_err(|error| self.coding.failure(&error))
    }

    /// All that was unpacked.
    pub(super) fn unpacked(&self) -> &[u8] {
        let Unpacked(unpacked) = match &self.decoder {
            Decoder::Unwrapped(_) => return &[],
            Decoder::Gzip(decoder) => decoder.get_ref(),
            Decoder::Zlib(decoder) => decoder.get_ref(),
            Decoder::Deflate(decoder) => decoder.get_ref(),
            Decoder::Brotli(decoder) => decoder.get_ref(),
            Decoder::Zstd(decoder) => decoder.writer(),
        };
        unpacked
    }
}

impl Decoder {
    fn zstd() -> io::Result<Self> {
        let mut decoder = Zstd::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW))?;
        Ok(Self::Zstd(Box::new(ZstdWriter::new(Unpacked::default(), decoder))))
    }

    fn feed(&mut self, packed: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => write(decoder, packed),
            Self::Unwrapped(first) => {
                first.extend_from_slice(packed);
                let &[one, other, ..] = &first[..] else { return Ok(()) };
                let first = std::mem::take(first);
                // RFC 1950, section 2.2: method 8, and a multiple of 31. Servers disagree on whether the wrapping is there.
                let zlib = one & 0x0f == 8 && u16::from_be_bytes([one, other]).is_multiple_of(31);
                *self = if zlib {
                    Self::Zlib(Box::new(ZlibDecoder::new(Unpacked::default())))
                } else {
                    Self::Deflate(Box::new(DeflateDecoder::new(Unpacked::default())))
                };
                self.feed(&first)
            }
            Self::Zlib(decoder) => write(decoder, packed),
            Self::Deflate(decoder) => write(decoder, packed),
            Self::Brotli(decoder) => write(decoder, packed),
            Self::Zstd(decoder) => write(decoder, packed),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Unwrapped(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Zlib(decoder) => decoder.try_finish(),
            Self::Deflate(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

impl Write for Unpacked {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if (self.0.len() + more.len()) as u64 > MOST {
            return Err(too_large());
        }
        self.0.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The decoders hold unpacked bytes back until they are told not to. That of Zstandard takes being told so again and again,
/// without anything new, for an error.
fn write(decoder: &mut impl Write, packed: &[u8]) -> io::Result<()> {
    if packed.is_empty() {
        return Ok(());
    }
    decoder.write_all(packed)?;
    decoder.flush()
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpacker").field("coding", &self.coding).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const EVENTS: [&str; 3] = ["data: a\n\n", "data: b\n\n", "data: [DONE]\n\n"];

    /// The events by Google's `brotli`, flushed after each, and its end.
    const BROTLI: [&[u8]; 4] = [
        &[0x0b, 0x04, 0x80, 0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0x61, 0x0a, 0x0a],
        &[0x40, 0x00, 0x00, 0x40, 0x4a, 0x41, 0xac, 0x08, 0xd1, 0x24, 0x18, 0x63, 0x00],
        &[
            0x68, 0x00, 0x00, 0x40, 0xc0, 0x43, 0xd6, 0x5f, 0x33, 0x95, 0x75, 0x53, 0x04, 0xe8, 0x12, 0x80,
            0xa6, 0xc6, 0x07, 0x03,
        ],
        &[0x03],
    ];

    /// The head of a frame with the largest window that is taken, 8 MiB (RFC 8878, section 3.1.1.1).
    const ZSTD_HEAD: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (23 - 10) << 3];

    /// Packs the events, flushed after each; the pieces, and the end.
    macro_rules! packed {
        ($encoder:expr) => {{
            let mut encoder = $encoder;
            let mut pieces = Vec::new();
            for event in EVENTS {
                encoder.write_all(event.as_bytes()).unwrap();
                encoder.flush().unwrap();
                pieces.push(std::mem::take(encoder.get_mut()));
            }
            pieces.push(encoder.finish().unwrap());
            pieces
        }};
    }

    fn all() -> Vec<(Coding, Vec<Vec<u8>>)> {
        let level = Compression::default();
        vec![
            (Coding::Gzip, packed!(GzEncoder::new(Vec::new(), level))),
            (Coding::Deflate, packed!(ZlibEncoder::new(Vec::new(), level))),
            (Coding::Deflate, packed!(DeflateEncoder::new(Vec::new(), level))),
            (Coding::Brotli, BROTLI.map(<[u8]>::to_vec).to_vec()),
            (Coding::Zstd, packed!(zstd())),
        ]
    }

    /// With the sum of its content at the end, as the `zstd` tool has it.
    fn zstd() -> zstd::Encoder<'static, Vec<u8>> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 0).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder
    }

    #[test]
    fn what_was_flushed_comes_out_at_once() {
        for (coding, pieces) in all() {
            let mut expected = String::new();
            for size in 1..=4 {
                let mut unpacker = Unpacker::new(coding).unwrap();
                expected.clear();
                for (piece, event) in pieces.iter().zip(EVENTS.iter().chain([&""])) {
                    for cut in piece.chunks(size) {
                        unpacker.feed(cut).unwrap();
                    }
                    expected.push_str(event);
                    assert_eq!(unpacker.unpacked(), expected.as_bytes(), "{coding:?}");
                }
                unpacker.finish().unwrap();
                assert_eq!(unpacker.unpacked(), expected.as_bytes(), "{coding:?}");
            }
            // A single read may bring everything.
            let mut unpacker = Unpacker::new(coding).unwrap();
            unpacker.feed(&pieces.concat()).unwrap();
            assert_eq!(unpacker.unpacked(), expected.as_bytes(), "{coding:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_such_coding_is_told() {
        for (coding, pieces) in all() {
            for end in [1, pieces[0].len()] {
                let mut unpacker = Unpacker::new(coding).unwrap();
                unpacker.feed(&pieces[0][..end]).unwrap();
                let error = unpacker.finish().unwrap_err();
                assert!(error.message.contains("cannot be unpacked"), "{coding:?}: {error:?}");
            }
        }
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            let mut unpacker = Unpacker::new(coding).unwrap();
            assert!(unpacker.feed(b"\xff\xffdata: it came as it is\n\n").is_err(), "{coding:?}");
        }
        let error = Unpacker::new(Coding::Unknown).unwrap_err();
        assert!(error.message.contains("while it arrives"), "{error:?}");
    }

    #[test]
    fn a_few_bytes_that_stand_for_very_many_are_told() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        (0..300).for_each(|_| gzip.write_all(&zeros).unwrap());
        // Blocks that are one byte 128 Ki times (RFC 8878, section 3.1.1.2), four bytes each.
        let [low, middle, high, _] = ((128_u32 << 13) | (1 << 1)).to_le_bytes();
        let zstd = [ZSTD_HEAD.to_vec(), [low, middle, high, 0].repeat(300 << 3)].concat();
        for (coding, bomb, cut) in
            [(Coding::Gzip, gzip.finish().unwrap(), 1 << 14), (Coding::Zstd, zstd, usize::MAX)]
        {
            let mut unpacker = Unpacker::new(coding).unwrap();
            let error = bomb.chunks(cut).find_map(|piece| unpacker.feed(piece).err()).unwrap();
            assert!(error.message.contains("256 MiB"), "{coding:?}: {error:?}");
            // What is too large is not there even for a moment.
            assert!(unpacker.unpacked().len() as u64 <= MOST, "{coding:?}");
        }
    }

    #[test]
    fn zstandard_may_come_frame_by_frame_and_may_be_damaged() {
        let mut unpacker = Unpacker::new(Coding::Zstd).unwrap();
        let mut expected = String::new();
        for event in EVENTS {
            let frame = zstd::encode_all(event.as_bytes(), 0).unwrap();
            let (first, rest) = frame.split_at(frame.len() / 2);
            unpacker.feed(first).unwrap();
            // Nothing new may arrive any number of times, as between the chunks of a body.
            (0..40).for_each(|_| unpacker.feed(b"").unwrap());
            unpacker.feed(rest).unwrap();
            expected.push_str(event);
            assert_eq!(unpacker.unpacked(), expected.as_bytes());
        }
        unpacker.finish().unwrap();

        let mut damaged = packed!(zstd()).concat();
        *damaged.last_mut().unwrap() ^= 1;
        let error = Unpacker::new(Coding::Zstd).unwrap().feed(&damaged).unwrap_err();
        assert!(error.message.contains("(Zstd)") && error.message.contains("checksum"), "{error:?}");

        Unpacker::new(Coding::Zstd).unwrap().feed(&ZSTD_HEAD).unwrap();
        let [.., window] = ZSTD_HEAD;
        let larger = [&ZSTD_HEAD[..5], &[window + (1 << 3)]].concat();
        let error = Unpacker::new(Coding::Zstd).unwrap().feed(&larger).unwrap_err();
        assert!(error.message.contains("memory"), "{error:?}");
    }
}
