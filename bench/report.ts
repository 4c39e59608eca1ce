/** One measured figure. `ratio` is value ÷ baseline of the same run. */
export interface BenchRow {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number | undefined;
  readonly baseline?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  /** Why a figure is absent (`skipped: …`) or how it was taken. */
  readonly note?: string;
}

export interface BenchReport {
  readonly name: string;
  readonly rows: readonly BenchRow[];
}

/** The middle of an odd count, the mean of the two middle ones of an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
