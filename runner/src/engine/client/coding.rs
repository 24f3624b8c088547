//! Compressed bodies (RFC 9110, section 8.4): they are unpacked after the last byte has arrived, so that this is no latency.
//! Streams cannot wait for that; they have [`super::unpacker`].

use std::io::Read;

use super::TransportError;

/// Most that a body may become.
pub(super) const MOST: u64 = 256 << 20;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Not at all.
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    /// In a way that is not known here.
    Unknown,
}

impl Coding {
    /// The coding that a `content-encoding` names. Several on top of each other are not known here.
    pub(super) fn parse(value: &[u8]) -> Self {
        match value.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Self::Identity,
            b"gzip" | b"x-gzip" => Self::Gzip,
            b"deflate" => Self::Deflate,
            b"br" => Self::Brotli,
            b"zstd" => Self::Zstd,
            _ => Self::Unknown,
        }
    }

    /// The failure of a body that cannot be unpacked.
    pub(super) fn failure(self, error: &dyn std::fmt::Display) -> TransportError {
        TransportError::protocol(format!("the body cannot be unpacked ({self:?}): {error}"))
    }

    /// The unpacked body.
    pub(super) fn unpack(self, packed: &[u8]) -> Result<Vec<u8>, TransportError> {
        let fail = |error: &dyn std::fmt::Display| self.failure(error);
        let unpacked = match self {
            Self::Identity => Ok(packed.to_vec()),
            Self::Gzip => read(flate2::read::MultiGzDecoder::new(packed)),
            // Servers disagree on whether `deflate` has the zlib wrapping that the RFC asks for.
            Self::Deflate => read(flate2::read::ZlibDecoder::new(packed))
                .or_else(|_| read(flate2::read::DeflateDecoder::new(packed))),
            Self::Brotli => read(brotli_decompressor::Decompressor::new(packed, 4096)),
            Self::Zstd => zstd::Decoder::with_buffer(packed).and_then(read),
            Self::Unknown => return Err(fail(&"its content-encoding is not known")),
        };
        unpacked.map_err(|error| fail(&error))
    }
}

fn read(decoder: impl Read) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    decoder.take(MOST + 1).read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 > MOST {
        return Err(too_large());
    }
    Ok(unpacked)
}

pub(super) fn too_large() -> std::io::Error {
    std::io::Error::other("it would take more than 256 MiB")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const TEXT: &[u8] = b"hello hello hello hello";
    /// By the `zstd` tool.
    const ZSTD: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x65, 0x00, 0x00, 0x30, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x01,
        0x00, 0x99, 0x4b, 0x11, 0x17, 0x5e, 0xae, 0x0d,
    ];

    /// A Brotli stream that holds the text as it is (RFC 7932, section 9.2): one uncompressed block, and an empty last one.
    fn brotli() -> Vec<u8> {
        [&[0x60, 0x01, 0x10][..], TEXT, &[0x03]].concat()
    }

    #[test]
    fn bodies_come_out_as_they_went_in() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(TEXT).unwrap();
        zlib.write_all(TEXT).unwrap();
        deflate.write_all(TEXT).unwrap();
        for (name, packed) in [
            (" X-Gzip", &gzip.finish().unwrap()[..]),
            ("deflate", &zlib.finish().unwrap()),
            ("deflate", &deflate.finish().unwrap()),
            ("br", &brotli()),
            ("zstd", ZSTD),
            ("identity", TEXT),
        ] {
            assert_eq!(Coding::parse(name.as_bytes()).unpack(packed).unwrap(), TEXT, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_unpacked_is_told() {
        for (name, packed) in [
            ("gzip", TEXT),
            ("deflate", TEXT),
            ("br", &brotli()[..9]),
            ("zstd", &ZSTD[..9]),
            ("gzip, br", TEXT),
        ] {
            let error = Coding::parse(name.as_bytes()).unpack(packed).unwrap_err();
            assert!(error.message.contains("unpacked"), "{name}: {error:?}");
        }
        let bomb = {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            let zeros = vec![0; 1 << 20];
            (0..300).for_each(|_| gzip.write_all(&zeros).unwrap());
            gzip.finish().unwrap()
        };
        assert!(Coding::Gzip.unpack(&bomb).unwrap_err().message.contains("256 MiB"));
    }
}
