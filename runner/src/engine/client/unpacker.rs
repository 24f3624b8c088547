//! Compressed streams, unpacked as they arrive: what a server has packed and flushed comes out at once.

use std::fmt;
use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::TransportError;
use super::coding::{Coding, MOST, too_large};

/// Takes packed bytes, however they are cut, and has unpacked what can be told from them.
pub(super) struct Unpacker {
    coding: Coding,
    decoder: Decoder,
}

enum Decoder {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// The first bytes of `deflate`, up to two, that tell how it is wrapped.
    Unwrapped(Vec<u8>),
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    Deflate(Box<DeflateDecoder<Vec<u8>>>),
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
}

impl Unpacker {
    /// An unpacker for a coding.
    ///
    /// # Errors
    /// This one cannot be unpacked before its end.
    pub(super) fn new(coding: Coding) -> Result<Self, TransportError> {
        let decoder = match coding {
            Coding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Coding::Deflate => Decoder::Unwrapped(Vec::new()),
            Coding::Brotli => Decoder::Brotli(Box::new(DecompressorWriter::new(Vec::new(), 4096))),
            // The decoder for Zstandard keeps a whole window, often megabytes, until the frame has ended.
            Coding::Zstd | Coding::Identity | Coding::Unknown => {
                return Err(TransportError::protocol(format!(
                    "an event stream with a content-encoding ({coding:?}) that cannot be unpacked while it arrives, so that \
                     its events cannot be timed; ask for another with `accept-encoding: gzip`, `br` or `identity`"
                )));
            }
        };
        Ok(Self { coding, decoder })
    }

    /// Takes more packed bytes.
    pub(super) fn feed(&mut self, packed: &[u8]) -> Result<(), TransportError> {
        self.decoder.feed(packed).map_err(|error| self.coding.failure(&error))?;
        if self.unpacked().len() as u64 > MOST {
            return Err(self.coding.failure(&too_large()));
        }
        Ok(())
    }

    /// Sees whether all is there, and right where the coding can tell.
    pub(super) fn finish(&mut self) -> Result<(), TransportError> {
        self.decoder.finish().map_err(|error| self.coding.failure(&error))
    }

    /// All that was unpacked.
    pub(super) fn unpacked(&self) -> &[u8] {
        match &self.decoder {
            Decoder::Gzip(decoder) => decoder.get_ref(),
            Decoder::Unwrapped(_) => &[],
            Decoder::Zlib(decoder) => decoder.get_ref(),
            Decoder::Deflate(decoder) => decoder.get_ref(),
            Decoder::Brotli(decoder) => decoder.get_ref(),
        }
    }
}

impl Decoder {
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
                    Self::Zlib(Box::new(ZlibDecoder::new(Vec::new())))
                } else {
                    Self::Deflate(Box::new(DeflateDecoder::new(Vec::new())))
                };
                self.feed(&first)
            }
            Self::Zlib(decoder) => write(decoder, packed),
            Self::Deflate(decoder) => write(decoder, packed),
            Self::Brotli(decoder) => write(decoder, packed),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Unwrapped(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Zlib(decoder) => decoder.try_finish(),
            Self::Deflate(decoder) => decoder.try_finish(),
            Self::Brotli(decoder) => decoder.close(),
        }
    }
}

/// The decoders hold unpacked bytes back until they are told not to.
fn write(decoder: &mut impl Write, packed: &[u8]) -> io::Result<()> {
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

    /// Packs the events, flushed after each; the pieces, and the end.
    macro_rules! packed {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new(), Compression::default());
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
        vec![
            (Coding::Gzip, packed!(GzEncoder)),
            (Coding::Deflate, packed!(ZlibEncoder)),
            (Coding::Deflate, packed!(DeflateEncoder)),
            (Coding::Brotli, BROTLI.map(<[u8]>::to_vec).to_vec()),
        ]
    }

    #[test]
    fn what_was_flushed_comes_out_at_once() {
        for (coding, pieces) in all() {
            let mut unpacker = Unpacker::new(coding).unwrap();
            let mut expected = String::new();
            for (piece, event) in pieces.iter().zip(EVENTS.iter().chain([&""])) {
                for cut in piece.chunks(3) {
                    unpacker.feed(cut).unwrap();
                }
                expected.push_str(event);
                assert_eq!(unpacker.unpacked(), expected.as_bytes(), "{coding:?}");
            }
            unpacker.finish().unwrap();
            assert_eq!(unpacker.unpacked(), expected.as_bytes(), "{coding:?}");
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
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
            let mut unpacker = Unpacker::new(coding).unwrap();
            assert!(unpacker.feed(b"\xff\xffdata: it came as it is\n\n").is_err(), "{coding:?}");
        }
        for coding in [Coding::Zstd, Coding::Unknown] {
            let error = Unpacker::new(coding).unwrap_err();
            assert!(error.message.contains("while it arrives"), "{error:?}");
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        (0..300).for_each(|_| gzip.write_all(&zeros).unwrap());
        let bomb = gzip.finish().unwrap();
        let mut unpacker = Unpacker::new(Coding::Gzip).unwrap();
        let error = bomb.chunks(1 << 14).find_map(|piece| unpacker.feed(piece).err()).unwrap();
        assert!(error.message.contains("256 MiB"), "{error:?}");
    }
}
