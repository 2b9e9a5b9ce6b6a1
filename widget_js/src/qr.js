// A QR code (ISO 18004) of an address: byte mode, error level M, versions 1 to 10, which is 213 bytes.
// Pure: text in, rows of booleans out, without the quiet zone. Made here so that a client who stands in the
// room can pay even while nothing but this card is loaded.

/** Version → [error bytes in a block, [blocks, data bytes in each]…] of level M. */
const BLOCKS = [
  null,
  [10, [1, 16]],
  [16, [1, 28]],
  [26, [1, 44]],
  [18, [2, 32]],
  [24, [2, 43]],
  [16, [4, 27]],
  [18, [4, 31]],
  [22, [2, 38], [2, 39]],
  [22, [3, 36], [2, 37]],
  [26, [4, 43], [1, 44]],
];
const ALIGNMENTS = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (row, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];
const LEVEL_M = 0;

/** → rows of booleans (true is dark), or null when the text is too long. */
export function qrRows(text) {
  const bytes = Array.from(new TextEncoder().encode(text));
  const version = BLOCKS.findIndex((_, number) => number > 0 && bytes.length <= roomOf(number));
  if (version < 1) return null;
  const codewords = interleaved(version, dataOf(version, bytes));
  const drawn = MASKS.map((mask, number) => drawCode(version, codewords, mask, number));
  const penalties = drawn.map(penaltyOf);
  return drawn[penalties.indexOf(Math.min(...penalties))];
}

// data

function capacityOf(version) {
  return BLOCKS[version].slice(1).reduce((sum, [count, size]) => sum + count * size, 0);
}

/** Bytes of text that fit: mode and length take 12 bits, from version 10 on 20. */
function roomOf(version) {
  return capacityOf(version) - (version < 10 ? 2 : 3);
}

function dataOf(version, bytes) {
  const bits = [];
  const put = (value, length) => {
    for (let place = length - 1; place >= 0; place -= 1) bits.push((value >> place) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => put(byte, 8));
  put(0, Math.min(4, capacityOf(version) * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data = [];
  for (let place = 0; place < bits.length; place += 8) data.push(parseInt(bits.slice(place, place + 8).join(''), 2));
  for (let pad = 0xec; data.length < capacityOf(version); pad ^= 0xec ^ 0x11) data.push(pad);
  return data;
}

function interleaved(version, data) {
  const [errorLength, ...groups] = BLOCKS[version];
  const blocks = [];
  let place = 0;
  groups.forEach(([count, size]) => {
    for (let block = 0; block < count; block += 1) {
      blocks.push(data.slice(place, place + size));
      place += size;
    }
  });
  const errors = blocks.map((block) => remainderOf(block, errorLength));
  return [...columns(blocks), ...columns(errors)];
}

function columns(blocks) {
  const longest = Math.max(...blocks.map((block) => block.length));
  const mixed = [];
  for (let place = 0; place < longest; place += 1) blocks.forEach((block) => place < block.length && mixed.push(block[place]));
  return mixed;
}

// Reed-Solomon over GF(256), polynomial 0x11d

function multiply(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((other >> bit) & 1) * one;
  }
  return product;
}

function generatorOf(degree) {
  const generator = [...new Array(degree - 1).fill(0), 1];
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    for (let place = 0; place < degree; place += 1) {
      generator[place] = multiply(generator[place], root) ^ (place + 1 < degree ? generator[place + 1] : 0);
    }
    root = multiply(root, 2);
  }
  return generator;
}

function remainderOf(data, degree) {
  const generator = generatorOf(degree);
  const remainder = new Array(degree).fill(0);
  data.forEach((byte) => {
    const factor = byte ^ remainder.shift();
    remainder.push(0);
    generator.forEach((one, place) => {
      remainder[place] ^= multiply(one, factor);
    });
  });
  return remainder;
}

// picture

function drawCode(version, codewords, mask, maskNumber) {
  const size = version * 4 + 17;
  const rows = Array.from({ length: size }, () => new Array(size).fill(null));
  const set = (row, column, dark) => {
    if (row >= 0 && column >= 0 && row < size && column < size) rows[row][column] = dark;
  };
  drawFinders(set, size);
  drawAlignments(rows, set, version);
  for (let place = 8; place < size - 8; place += 1) {
    set(6, place, place % 2 === 0);
    set(place, 6, place % 2 === 0);
  }
  drawFormat(set, size, maskNumber);
  if (version >= 7) drawVersion(set, size, version);
  drawData(rows, codewords, mask, size);
  return rows;
}

function drawFinders(set, size) {
  [[3, 3], [3, size - 4], [size - 4, 3]].forEach(([row, column]) => {
    for (let down = -4; down <= 4; down += 1) {
      for (let right = -4; right <= 4; right += 1) {
        const ring = Math.max(Math.abs(down), Math.abs(right));
        set(row + down, column + right, ring !== 2 && ring !== 4);
      }
    }
  });
}

function drawAlignments(rows, set, version) {
  ALIGNMENTS[version].forEach((row) => ALIGNMENTS[version].forEach((column) => {
    if (rows[row][column] !== null) return;
    for (let down = -2; down <= 2; down += 1) {
      for (let right = -2; right <= 2; right += 1) set(row + down, column + right, Math.max(Math.abs(down), Math.abs(right)) !== 1);
    }
  }));
}

function drawFormat(set, size, maskNumber) {
  const data = (LEVEL_M << 3) | maskNumber;
  let rest = data;
  for (let step = 0; step < 10; step += 1) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((data << 10) | rest) ^ 0x5412;
  const bit = (place) => ((bits >> place) & 1) === 1;
  for (let place = 0; place < 6; place += 1) set(place, 8, bit(place));
  set(7, 8, bit(6));
  set(8, 8, bit(7));
  set(8, 7, bit(8));
  for (let place = 9; place < 15; place += 1) set(8, 14 - place, bit(place));
  for (let place = 0; place < 8; place += 1) set(8, size - 1 - place, bit(place));
  for (let place = 8; place < 15; place += 1) set(size - 15 + place, 8, bit(place));
  set(size - 8, 8, true);
}

function drawVersion(set, size, version) {
  let rest = version;
  for (let step = 0; step < 12; step += 1) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let place = 0; place < 18; place += 1) {
    const dark = ((bits >> place) & 1) === 1;
    const near = Math.floor(place / 3);
    const far = size - 11 + (place % 3);
    set(near, far, dark);
    set(far, near, dark);
  }
}

/** Two columns at a time from the right, up and down in turn, past the timing column. */
function drawData(rows, codewords, mask, size) {
  let place = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      for (const column of [right, right - 1]) {
        const row = ((right + 1) & 2) === 0 ? size - 1 - step : step;
        if (rows[row][column] !== null) continue;
        const byte = codewords[place >> 3];
        const dark = byte !== undefined && ((byte >> (7 - (place & 7))) & 1) === 1;
        rows[row][column] = dark !== mask(row, column);
        place += 1;
      }
    }
  }
}

// The four penalties of the standard: long runs, blocks, lines like a finder, too dark or too light.

function penaltyOf(rows) {
  const lines = [...rows, ...rows[0].map((_, column) => rows.map((row) => row[column]))];
  const dark = rows.flat().filter(Boolean).length;
  const share = Math.floor(Math.abs((dark * 100) / rows.length ** 2 - 50) / 5);
  return lines.reduce((sum, line) => sum + runsOf(line) + findersOf(line), 0) + squaresOf(rows) + share * 10;
}

function runsOf(line) {
  let penalty = 0;
  let run = 1;
  for (let place = 1; place <= line.length; place += 1) {
    if (place < line.length && line[place] === line[place - 1]) {
      run += 1;
    } else {
      if (run >= 5) penalty += run - 2;
      run = 1;
    }
  }
  return penalty;
}

function findersOf(line) {
  const text = line.map(Number).join('');
  let penalty = 0;
  for (let place = 0; place + 11 <= text.length; place += 1) {
    const part = text.slice(place, place + 11);
    if (part === '10111010000' || part === '00001011101') penalty += 40;
  }
  return penalty;
}

function squaresOf(rows) {
  let penalty = 0;
  for (let row = 1; row < rows.length; row += 1) {
    for (let column = 1; column < rows.length; column += 1) {
      const colour = rows[row][column];
      if (rows[row - 1][column] === colour && rows[row][column - 1] === colour && rows[row - 1][column - 1] === colour) penalty += 3;
    }
  }
  return penalty;
}
