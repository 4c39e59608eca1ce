import * as v from 'valibot';
import type { Problem } from '../base/errors.ts';
import { messageOf } from '../base/errors.ts';
import type { SetupRequest } from './kf-def.ts';
import { mistakesInOptions, type SetupOptions } from './options.ts';

/** What a setup is asked for: the file, what the command line says beside it, and where. */
export interface SetupAsk {
  readonly request: SetupRequest;
  readonly region: string | undefined;
  readonly options: SetupOptions;
}

/** A plan put aside. What is executed later is planned anew from `ask` and must have this digest: the items are for reading. */
export interface SavedPlan {
  readonly kind: 'SavedPlan';
  readonly digest: string;
  readonly ask: SetupAsk;
}

export type SavedPlanReading =
  | { readonly ok: true; readonly saved: SavedPlan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const text = v.pipe(v.string(), v.maxLength(1024));
const missing = v.optional(text);

const SAVED = v.object({
  kind: v.literal('SavedPlan'),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits')),
  ask: v.object({
    region: missing,
    request: v.object({
      cluster: text,
      region: missing,
      namespace: text,
      enablePodIamPolicy: v.boolean(),
      enableNodeGroupLog: v.boolean(),
      outside: v.array(text),
    }),
    options: v.object({
      layout: v.picklist(['seed', 'least-privilege']),
      roleNames: text,
      loadBalancerController: v.picklist(['v1', 'v2']),
      fsx: v.boolean(),
      pipelinesBucket: missing,
      adopt: v.boolean(),
      replaceIssuer: v.boolean(),
      selfManaged: v.boolean(),
      thumbprints: v.array(text),
      trustPolicyQuota: v.union([v.pipe(v.number(), v.integer(), v.minValue(1)), v.literal('off')]),
    }),
  }),
});

const MAX_CHARACTERS = 4 * 1024 * 1024;

/** Reads a saved plan's JSON text. Problems carry the JSON pointer. Never throws. */
export function parseSavedPlan(json: string): SavedPlanReading {
  if (json.length > MAX_CHARACTERS) return failed('', 'the file is too large for a saved plan');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return failed('', `the file is not JSON: ${messageOf(error)}`);
  }
  const read = v.safeParse(SAVED, value);
  if (!read.success) {
    return {
      ok: false,
      problems: read.issues.map((issue) => ({ path: `/${(v.getDotPath(issue) ?? '').replace(/\./g, '/')}`, message: issue.message })),
    };
  }
  const { ask, digest, kind } = read.output;
  const { request, options } = ask;
  const saved: SavedPlan = {
    kind,
    digest,
    ask: {
      region: ask.region,
      request: { ...request, region: request.region },
      options: { ...options, pipelinesBucket: options.pipelinesBucket },
    },
  };
  const problems = mistakesInOptions(saved.ask.options);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, saved };
}

function failed(path: string, message: string): SavedPlanReading {
  return { ok: false, problems: [{ path, message }] };
}
