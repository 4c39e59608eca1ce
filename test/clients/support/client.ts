import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Service = 'sts' | 'iam' | 'eks';

/** What one call came to, in every client's words made alike: keys begin in lower case, codes have no `Exception` at their end. */
export type Answer =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly code: string; readonly status?: number; readonly message: string };

// biome-ignore lint/suspicious/noExplicitAny: what foreign clients answer is looked into by expectations, not by types.
export type Json = any;

/** A foreign client with one identity, found in its environment alone. */
export interface Client {
  call(service: Service, operation: string, input?: Json): Promise<Answer>;
  close(): void;
}

/** A client that is there, or why it is not. */
export type Prepared = { readonly start: (env: Readonly<Record<string, string>>) => Client } | { readonly skipped: string };

/** A program that answers one JSON line for each that it reads. */
export function lineClient(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Client {
  const child: ChildProcess = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => waiting.shift()?.resolve(alike(JSON.parse(line))));
  const fail = (error: Error): void => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  child.once('error', fail);
  child.once('close', (code) => fail(new Error(`${command} ended with ${code}`)));
  return {
    call: (service, operation, input = {}) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin!.write(`${JSON.stringify({ service, operation, input })}\n`);
      }),
    close: () => child.stdin!.end(),
  };
}

/** Makes the answers of all clients alike. */
export function alike(answer: Json): Answer {
  if (answer.ok) return { ok: true, output: lowerKeys(answer.output) };
  return { ...answer, code: answer.code.replace(/Exception$/, '') };
}

function lowerKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.charAt(0).toLowerCase() + key.slice(1), lowerKeys(one)]));
}

/** A policy as IAM sent it: percent-encoded text, or what the client made of it. */
export function policyOf(document: Json): Json {
  // Python's clients decode it, and `alike` then lower-cased its members.
  return lowerKeys(typeof document === 'string' ? JSON.parse(decodeURIComponent(document)) : document);
}
