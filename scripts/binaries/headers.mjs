// Reads the header of a 64-bit shared library of Linux (ELF), Windows (PE) or macOS (Mach-O). No tool reads all three on
// every system, and only a few fields are needed.

/**
 * @typedef {object} Header
 * @property {'linux' | 'win32' | 'darwin'} os
 * @property {string} cpu  Node's name, or a number that is neither x64 nor arm64
 * @property {string[]} needed  names of the libraries it is linked to
 * @property {string[]} versions  Linux: versions of symbols that it needs, like `GLIBC_2.17`
 * @property {string} [minimumOs]  macOS: the oldest version it runs on, like `11.0`
 */

/** @param {Buffer} file @returns {Header} @throws {Error} if it is none of the three */
export function readHeader(file) {
  if (file.length > 64 && file.readUInt32BE(0) === 0x7f454c46 && file[4] === 2 && file[5] === 1) return readElf(file);
  if (file.length > 64 && file.toString('latin1', 0, 2) === 'MZ') return readPe(file);
  if (file.length > 32 && file.readUInt32LE(0) === 0xfeedfacf) return readMachO(file);
  throw new Error('neither ELF, PE nor Mach-O of 64 bits');
}

const u64 = (file, at) => Number(file.readBigUInt64LE(at));
const text = (file, at) => file.toString('latin1', at, file.indexOf(0, at));
const cpuName = (names, value) => names[value] ?? `machine ${value}`;

/** Returns the offset in the file of an address in memory. @param {{ address: number, size: number, offset: number }[]} parts */
function offsetOf(parts, address) {
  const part = parts.find((candidate) => address >= candidate.address && address < candidate.address + candidate.size);
  if (part === undefined) throw new Error(`address ${address} is in no part of the file`);
  return address - part.address + part.offset;
}

function readElf(file) {
  const [LOAD, DYNAMIC] = [1, 2];
  const [NEEDED, STRINGS, VERSIONS, VERSION_COUNT] = [1, 5, 0x6ffffffe, 0x6fffffff];
  const parts = Array.from({ length: file.readUInt16LE(56) }, (_, i) => {
    const at = u64(file, 32) + i * file.readUInt16LE(54);
    return { type: file.readUInt32LE(at), offset: u64(file, at + 8), address: u64(file, at + 16), size: u64(file, at + 32) };
  });
  const loaded = parts.filter(({ type }) => type === LOAD);
  const dynamic = parts.find(({ type }) => type === DYNAMIC);
  if (dynamic === undefined) throw new Error('no shared library: it has no dynamic section');
  const entries = Array.from({ length: dynamic.size / 16 }, (_, i) => ({
    tag: u64(file, dynamic.offset + i * 16),
    value: u64(file, dynamic.offset + i * 16 + 8),
  }));
  const value = (tag) => entries.find((entry) => entry.tag === tag)?.value;
  const strings = offsetOf(loaded, value(STRINGS));
  const versions = [];
  let library = value(VERSIONS) && offsetOf(loaded, value(VERSIONS));
  for (let i = 0; i < (value(VERSION_COUNT) ?? 0); i += 1) {
    let version = library + file.readUInt32LE(library + 8);
    for (let j = 0; j < file.readUInt16LE(library + 2); j += 1) {
      versions.push(text(file, strings + file.readUInt32LE(version + 8)));
      version += file.readUInt32LE(version + 12);
    }
    library += file.readUInt32LE(library + 12);
  }
  const needed = entries.filter(({ tag }) => tag === NEEDED).map((entry) => text(file, strings + entry.value));
  return { os: 'linux', cpu: cpuName({ 62: 'x64', 183: 'arm64' }, file.readUInt16LE(18)), needed, versions };
}

function readPe(file) {
  const coff = file.readUInt32LE(0x3c) + 4;
  const optional = coff + 20;
  if (file.readUInt16LE(optional) !== 0x20b) throw new Error('no PE of 64 bits');
  const sections = Array.from({ length: file.readUInt16LE(coff + 2) }, (_, i) => {
    const at = optional + file.readUInt16LE(coff + 16) + i * 40;
    return { size: file.readUInt32LE(at + 8), address: file.readUInt32LE(at + 12), offset: file.readUInt32LE(at + 20) };
  });
  /** Names in a table of imports, which ends with an empty entry. */
  const imports = (directory, entrySize, nameAt) => {
    const address = file.readUInt32LE(optional + 112 + directory * 8);
    const names = [];
    if (address === 0) return names;
    for (let at = offsetOf(sections, address); file.readUInt32LE(at + nameAt) !== 0; at += entrySize) {
      names.push(text(file, offsetOf(sections, file.readUInt32LE(at + nameAt))));
    }
    return names;
  };
  // The second table lists libraries that are loaded when they are first used.
  const needed = [...imports(1, 20, 12), ...imports(13, 32, 4)];
  return { os: 'win32', cpu: cpuName({ 0x8664: 'x64', 0xaa64: 'arm64' }, file.readUInt16LE(coff)), needed, versions: [] };
}

function readMachO(file) {
  const LIBRARIES = new Set([0xc, 0x80000018, 0x8000001f]);
  const [VERSION_MIN, BUILD_VERSION] = [0x24, 0x32];
  const needed = [];
  let minimumOs;
  let at = 32;
  for (let i = 0; i < file.readUInt32LE(16); i += 1) {
    const command = file.readUInt32LE(at);
    if (LIBRARIES.has(command)) needed.push(text(file, at + file.readUInt32LE(at + 8)));
    if (command === VERSION_MIN || command === BUILD_VERSION) {
      const version = file.readUInt32LE(at + (command === BUILD_VERSION ? 12 : 8));
      minimumOs = `${version >>> 16}.${(version >>> 8) & 0xff}`;
    }
    at += file.readUInt32LE(at + 4);
  }
  return { os: 'darwin', cpu: cpuName({ 0x1000007: 'x64', 0x100000c: 'arm64' }, file.readUInt32LE(4)), needed, versions: [], minimumOs };
}
