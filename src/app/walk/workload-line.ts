/** One line of the workload's answer. */
export interface WorkloadLine {
  readonly step: string;
  readonly ok: boolean;
  readonly [fact: string]: unknown;
}

/** The workload's last line about `step`; `undefined` when it has not got there, or wrote something else. */
export function workloadLine(output: string, step: string): WorkloadLine | undefined {
  for (const text of output.trimEnd().split('\n').reverse()) {
    try {
      const line = JSON.parse(text) as WorkloadLine;
      if (line.step === step) return line;
    } catch {
      // A line that is not ours, or not whole yet.
    }
  }
  return undefined;
}

/** The line in few words. */
export function inWords(line: WorkloadLine | undefined, stderr: string): string {
  if (line === undefined) return `no answer from the workload: ${stderr.trim().split('\n').at(-1) ?? ''}`;
  return line.ok ? 'ok' : `${String(line.code)}: ${String(line.message)}`;
}
