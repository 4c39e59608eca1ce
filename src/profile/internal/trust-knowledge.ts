import { type ForeignEdit, foreignEdit, lostOf, type TrustWrite } from './overwritten-edit.ts';

/**
 * How long a read of IAM may be old, in milliseconds. IAM is eventually consistent and names no bound; changes are seen within about
 * twelve seconds in practice.
 */
export const READ_STALENESS_MS = 15_000;

/** What a process knows about the document of one role beyond the last read. Times are the clock's monotonic milliseconds. */
export class TrustKnowledge {
  /** Until when a write that this process did not see succeed may still land. */
  #openUntil: number;
  #ack: { readonly at: number; readonly document: string } | undefined;
  readonly #superseded = new Map<string, number>();
  #stranger: string | undefined;
  #beside: { readonly document: string; readonly edit: ForeignEdit } | undefined;

  /** `openUntil`: when the last write of a former holder may land; the start of the process when there is none to fear. */
  constructor(openUntil: number) {
    this.#openUntil = openUntil;
  }

  /** A former writer, of whom only the record tells, may still write until `until`. */
  fear(until: number): void {
    this.#openUntil = Math.max(this.#openUntil, until);
  }

  get openUntil(): number {
    return this.#openUntil;
  }

  /** The document that IAM last acknowledged from us, unless an unknown outcome came after it. */
  get acknowledged(): string | undefined {
    return this.#ack?.document;
  }

  /**
   * What the authoritative document most probably is, given what a read returned. A read that shows what our own acknowledged write
   * replaced a moment ago is old; planning from it would undo a foreign edit or write twice.
   */
  resolve(read: string, now: number): string {
    const until = this.#superseded.get(read);
    if (until === undefined) return read;
    if (until > now && this.#ack !== undefined) return this.#ack.document;
    this.#superseded.delete(read);
    return read;
  }

  /** A write that IAM acknowledged; `at` is when the call began, `base` the document it replaced. */
  wrote(write: { readonly base: string; readonly document: string; readonly at: number }, now: number): void {
    this.#superseded.set(write.base, now + READ_STALENESS_MS);
    this.#superseded.delete(write.document);
    this.#ack = { at: write.at, document: write.document };
  }

  /** A write whose outcome is unknown: it may land until `now + window`, and nothing known before counts any more. */
  lost(now: number, window: number): void {
    this.#openUntil = Math.max(this.#openUntil, now + window);
    this.#ack = undefined;
    this.#superseded.clear();
  }

  /**
   * From when on a read proves that a subject is gone: after every write that may still land, and, unless our own acknowledged write
   * came after those and lacks the subject (`ackLacksIt`), after reads can no longer be old.
   */
  provesFrom(ackLacksIt: boolean): number {
    const ackAt = this.#ack?.at;
    if (ackLacksIt && ackAt !== undefined && ackAt >= this.#openUntil) return ackAt;
    return Math.max(this.#openUntil, ackAt ?? 0) + READ_STALENESS_MS;
  }

  /**
   * Feeds one resolved read; `lost` when a document that was nobody’s plan of ours showed up after our write and then gave way to it again:
   * an edit between our read and our write was overwritten.
   */
  observe(document: string): 'lost' | 'foreign' | 'known' {
    const ack = this.#ack?.document;
    if (ack === undefined) return 'known';
    if (document === ack) {
      const lost = this.#stranger !== undefined;
      this.#stranger = undefined;
      return lost ? 'lost' : 'known';
    }
    const fresh = this.#stranger !== document;
    this.#stranger = document;
    return fresh ? 'foreign' : 'known';
  }

  /**
   * A read that was sent just ahead of a write and is answered beside it. What it shows of somebody else was most probably overwritten:
   * it came after our last look, and our write knows nothing of it.
   */
  witnessed(read: string, write: TrustWrite, now: number): void {
    const edit = foreignEdit(this.resolve(read, now), write);
    if (edit !== undefined) this.#beside = { document: write.document, edit };
  }

  /** Feeds the first read after a write: what somebody else did beside that write and the read does not show. Each loss is told once. */
  overwritten(document: string): readonly string[] {
    const beside = this.#beside;
    this.#beside = undefined;
    return beside === undefined || beside.document !== this.#ack?.document ? [] : lostOf(beside.edit, document);
  }

  /** The foreign document was taken as the base of a write: it was not lost. */
  accepted(): void {
    this.#stranger = undefined;
  }
}
