const FIRST_SLOTS = 16;
/** Bytes are had in pieces of this length: one piece that grows would be copied again and again, and each copy outlives its use. */
const PIECE_BITS = 16;
const PIECE = 1 << PIECE_BITS;
/** API objects' names have 253 letters at most, and namespaces 63. */
const MAX_LENGTH = 1_000;
/** Of the slots, beyond which the table grows. */
const FULL = 0.7;
const EMPTY = 0;
const GONE = -1;

const decoder = new TextDecoder();

/**
 * A set of texts in typed arrays: their bytes one after the other, and a hash table of where they begin. 200,000 names of 24 letters take
 * 7 MiB and give the garbage collector nothing to trace, where a `Set` of strings takes twice that and is traced whole.
 */
export class NameSet {
  /** Each name with its length in two bytes before it, none across two pieces. */
  #pieces: Uint8Array[] = [];
  #end = 0;
  /** Bytes of names that were deleted. */
  #wasted = 0;
  /** Offset + 1 of a name, EMPTY, or GONE where one was deleted. */
  #slots = new Int32Array(FIRST_SLOTS);
  #used = 0;
  #size = 0;
  /** What does not fit the scheme: beyond ASCII, or absurdly long. The API server lets no such name pass. */
  #odd = new Set<string>();

  get size(): number {
    return this.#size + this.#odd.size;
  }

  has(name: string): boolean {
    const slot = this.#find(name);
    return slot === undefined ? this.#odd.has(name) : slot >= 0;
  }

  add(name: string): void {
    const slot = this.#find(name);
    if (slot === undefined) this.#odd.add(name);
    else if (slot < 0) this.#insert(name);
  }

  delete(name: string): void {
    const slot = this.#find(name);
    if (slot === undefined) this.#odd.delete(name);
    else if (slot >= 0) {
      this.#slots[slot] = GONE;
      this.#size -= 1;
      this.#wasted += name.length + 2;
    }
  }

  *values(): IterableIterator<string> {
    for (const offset of this.#slots) if (offset > EMPTY) yield nameAt(this.#pieces, offset - 1);
    yield* this.#odd;
  }

  /** The slot of a name; -1 when it is not there; `undefined` when it is odd. */
  #find(name: string): number | undefined {
    const hash = hashOf(name);
    if (hash === undefined) return undefined;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const offset = slots[slot] as number;
      if (offset === EMPTY) return -1;
      if (offset !== GONE && this.#equals(offset - 1, name)) return slot;
    }
  }

  #insert(name: string): void {
    if (this.#used + 1 > this.#slots.length * FULL) this.#rebuild();
    this.#place(name, this.#write(name));
    this.#size += 1;
  }

  /** Where the name begins. */
  #write(name: string): number {
    const { length } = name;
    if (this.#end + length + 2 > this.#pieces.length << PIECE_BITS) {
      this.#end = this.#pieces.length << PIECE_BITS;
      this.#pieces.push(new Uint8Array(PIECE));
    }
    const start = this.#end;
    const piece = this.#pieces[start >> PIECE_BITS] as Uint8Array;
    const from = start & (PIECE - 1);
    piece[from] = length & 0xff;
    piece[from + 1] = length >> 8;
    for (let at = 0; at < length; at += 1) piece[from + 2 + at] = name.charCodeAt(at);
    this.#end = start + 2 + length;
    return start;
  }

  #place(name: string, start: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hashOf(name) as number) & mask;
    while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    slots[slot] = start + 1;
    this.#used += 1;
  }

  /** A table of fitting size without those that were deleted, whose bytes go once they are half of all. */
  #rebuild(): void {
    const compacts = this.#wasted > this.#end / 2;
    const { pieces, slots } = { pieces: this.#pieces, slots: this.#slots };
    let length = FIRST_SLOTS;
    while (this.#size + 1 > (length * FULL) / 2) length *= 2;
    this.#slots = new Int32Array(length);
    this.#used = 0;
    if (compacts) {
      this.#pieces = [];
      this.#end = 0;
      this.#wasted = 0;
    }
    for (const offset of slots) {
      if (offset <= EMPTY) continue;
      const name = nameAt(pieces, offset - 1);
      this.#place(name, compacts ? this.#write(name) : offset - 1);
    }
  }

  #equals(start: number, name: string): boolean {
    const piece = this.#pieces[start >> PIECE_BITS] as Uint8Array;
    const from = start & (PIECE - 1);
    const { length } = name;
    if (piece[from] !== (length & 0xff) || piece[from + 1] !== length >> 8) return false;
    for (let at = 0; at < length; at += 1) if (piece[from + 2 + at] !== name.charCodeAt(at)) return false;
    return true;
  }
}

function nameAt(pieces: readonly Uint8Array[], start: number): string {
  const piece = pieces[start >> PIECE_BITS] as Uint8Array;
  const from = start & (PIECE - 1);
  const length = (piece[from] as number) | ((piece[from + 1] as number) << 8);
  return decoder.decode(piece.subarray(from + 2, from + 2 + length));
}

/** FNV-1a, mixed once more at the end; `undefined` for what is odd. */
function hashOf(name: string): number | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) {
    const unit = name.charCodeAt(at);
    if (unit > 0x7f) return undefined;
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
