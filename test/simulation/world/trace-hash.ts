const PRIME_A = 2654435761;
const PRIME_B = 1597334677;

/** A running hash over what happened and when: 53 bits, enough to tell two runs of one seed apart, and cheap enough for every event. */
export class TraceHash {
  readonly #bits = new Float64Array(1);
  readonly #halves = new Uint32Array(this.#bits.buffer);
  #a = 0xdeadbeef;
  #b = 0x41c6ce57;

  number(value: number): void {
    this.#bits[0] = value;
    this.#mix(this.#halves[0] ?? 0);
    this.#mix(this.#halves[1] ?? 0);
  }

  text(value: string): void {
    for (let at = 0; at < value.length; at += 1) this.#mix(value.charCodeAt(at));
    this.#mix(value.length);
  }

  digest(): string {
    const a = Math.imul(this.#a ^ (this.#a >>> 16), 2246822507) ^ Math.imul(this.#b ^ (this.#b >>> 13), 3266489909);
    const b = Math.imul(this.#b ^ (this.#b >>> 16), 2246822507) ^ Math.imul(this.#a ^ (this.#a >>> 13), 3266489909);
    return (b >>> 0).toString(16).padStart(8, '0') + (a >>> 0).toString(16).padStart(8, '0');
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, PRIME_A);
    this.#b = Math.imul(this.#b ^ value, PRIME_B);
  }
}
