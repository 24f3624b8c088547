// The bytes of a text in base 85: five characters from "(" to "|" for four bytes, with "}" for "<".
function bytesOf(text) {
  const bytes = new Uint8Array((text.length / 5) * 4);
  for (let i = 0, n = 0; i < text.length; ) {
    let value = 0;
    for (let k = 0; k < 5; k++, i++) {
      const character = text.charCodeAt(i);
      value = value * 85 + (character === 125 ? 20 : character - 40);
    }
    for (let shift = 24; shift >= 0; shift -= 8) bytes[n++] = value >>> shift;
  }
  return bytes;
}

// LZMA as Igor Pavlov's public specification describes it (lzma-specification.txt in the LZMA SDK), for a raw stream with
// lc = 3, lp = 0, pb = 0 and a known size. A quarter smaller than gzip, which is what browsers unpack by themselves.
function unpack(source, size) {
  const LITERAL_CONTEXT_BITS = 3;
  const probabilities = (n) => new Uint16Array(n).fill(1024);
  const out = new Uint8Array(size);

  // The range decoder. The first byte is always 0; `range` and `code` stay below 2^32, as plain numbers.
  let at = 5;
  let range = 0xffffffff;
  let code = ((source[1] << 24) | (source[2] << 16) | (source[3] << 8) | source[4]) >>> 0;
  const normalize = () => {
    if (range < 0x1000000) {
      range *= 256;
      code = code * 256 + source[at++];
    }
  };
  const bit = (p, i) => {
    const bound = (range >>> 11) * p[i];
    let found;
    if (code < bound) {
      range = bound;
      p[i] += (2048 - p[i]) >> 5;
      found = 0;
    } else {
      range -= bound;
      code -= bound;
      p[i] -= p[i] >> 5;
      found = 1;
    }
    normalize();
    return found;
  };
  const direct = (bits) => {
    let value = 0;
    while (bits--) {
      range = Math.floor(range / 2);
      const found = code >= range ? 1 : 0;
      if (found) code -= range;
      normalize();
      value = value * 2 + found;
    }
    return value;
  };
  const tree = (p, offset, bits) => {
    let m = 1;
    for (let i = 0; i < bits; i++) m = (m << 1) | bit(p, offset + m);
    return m - (1 << bits);
  };
  const reverseTree = (p, offset, bits) => {
    let m = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const found = bit(p, offset + m);
      m = (m << 1) | found;
      value |= found << i;
    }
    return value;
  };

  const literals = probabilities(0x300 << LITERAL_CONTEXT_BITS);
  const [isMatch, isRep, isRepG0, isRepG1, isRepG2, isRep0Long] = Array.from({ length: 6 }, () => probabilities(12));
  const slots = probabilities(4 * 64);
  const positions = probabilities(115);
  const align = probabilities(16);
  const lengths = () => ({ choice: probabilities(2), low: probabilities(8), mid: probabilities(8), high: probabilities(256) });
  const matchLengths = lengths();
  const repLengths = lengths();
  const length = (l) => {
    if (!bit(l.choice, 0)) return tree(l.low, 0, 3);
    return bit(l.choice, 1) ? 16 + tree(l.high, 0, 8) : 8 + tree(l.mid, 0, 3);
  };

  let [state, rep0, rep1, rep2, rep3] = [0, 0, 0, 0, 0];
  let n = 0;
  while (n < size) {
    if (!bit(isMatch, state)) {
      const base = 0x300 * ((n ? out[n - 1] : 0) >> (8 - LITERAL_CONTEXT_BITS));
      let symbol = 1;
      if (state >= 7) {
        let match = out[n - rep0 - 1];
        while (symbol < 0x100) {
          const expected = (match >> 7) & 1;
          match <<= 1;
          const found = bit(literals, base + ((1 + expected) << 8) + symbol);
          symbol = (symbol << 1) | found;
          if (found !== expected) break;
        }
      }
      while (symbol < 0x100) symbol = (symbol << 1) | bit(literals, base + symbol);
      out[n++] = symbol;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let count;
    if (bit(isRep, state)) {
      if (bit(isRepG0, state)) {
        let distance = rep1;
        if (bit(isRepG1, state)) {
          distance = rep2;
          if (bit(isRepG2, state)) {
            distance = rep3;
            rep3 = rep2;
          }
          rep2 = rep1;
        }
        rep1 = rep0;
        rep0 = distance;
      } else if (!bit(isRep0Long, state)) {
        state = state < 7 ? 9 : 11;
        out[n] = out[n - rep0 - 1];
        n++;
        continue;
      }
      count = length(repLengths);
      state = state < 7 ? 8 : 11;
    } else {
      [rep3, rep2, rep1] = [rep2, rep1, rep0];
      count = length(matchLengths);
      state = state < 7 ? 7 : 10;
      const slot = tree(slots, Math.min(count, 3) * 64, 6);
      if (slot < 4) {
        rep0 = slot;
      } else {
        const bits = (slot >> 1) - 1;
        rep0 = (2 | (slot & 1)) << bits;
        rep0 += slot < 14 ? reverseTree(positions, rep0 - slot, bits) : direct(bits - 4) * 16 + reverseTree(align, 0, 4);
      }
    }
    for (count += 2; count--; n++) out[n] = out[n - rep0 - 1];
  }
  return out;
}
