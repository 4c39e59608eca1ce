import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import type { PluginEntry, Profile } from './profile.ts';
import type { ReasonCode } from './reasons.data.ts';

/** The plugin kind that binds service accounts to an AWS role. */
export const AWS_IAM_PLUGIN = 'AwsIamForServiceAccount';
/** The service account that a plugin is about when it names none; upstream's only one. */
export const DEFAULT_SERVICE_ACCOUNT = 'default-editor';

/** A decoded `AwsIamForServiceAccount`. */
export interface AwsIamPlugin {
  /** JSON pointer into the profile. */
  readonly path: string;
  readonly awsIamRole: string;
  /** Annotate, and leave the role's trust policy to somebody else. */
  readonly annotateOnly: boolean;
  readonly serviceAccounts: readonly string[];
}

/** Something wrong with one plugin entry; the other entries are not affected. */
export interface PluginProblem {
  readonly path: string;
  readonly reason: ReasonCode;
  readonly message: string;
}

export interface DecodedPlugins {
  readonly plugins: readonly AwsIamPlugin[];
  readonly problems: readonly PluginProblem[];
}

/** Go's encoding/json matches member names under simple Unicode folding; two letters outside ASCII fold into it. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('ſ', 's');
}

/** The member that Go would decode into `name`: case-insensitive, the last in document order. */
function member(spec: JsonObject, name: string): Json | undefined {
  const wanted = fold(name);
  let found: Json | undefined;
  for (const [key, value] of Object.entries(spec)) if (fold(key) === wanted) found = value;
  return found ?? undefined;
}

function typeOf(value: Json): string {
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function decodeAwsIam(path: string, spec: Json | undefined): AwsIamPlugin | readonly PluginProblem[] {
  const problems: PluginProblem[] = [];
  const wrong = (at: string, value: Json, wanted: string): void => {
    problems.push({
      path: `${path}/spec${at}`,
      reason: 'PluginUndecodable',
      message: `${AWS_IAM_PLUGIN} wants ${wanted}, not ${typeOf(value)}`,
    });
  };
  if (spec !== undefined && spec !== null && !isJsonObject(spec)) {
    wrong('', spec, 'an object');
    return problems;
  }
  const role = member(spec ?? {}, 'awsIamRole') ?? '';
  if (typeof role !== 'string') wrong('/awsIamRole', role, 'a string');
  const annotateOnly = member(spec ?? {}, 'annotateOnly') ?? false;
  if (typeof annotateOnly !== 'boolean') wrong('/annotateOnly', annotateOnly, 'true or false without quotes');
  const listed = member(spec ?? {}, 'serviceAccounts') ?? [];
  const names: string[] = [];
  if (!Array.isArray(listed)) wrong('/serviceAccounts', listed, 'a list of names');
  else {
    listed.forEach((name: Json, index: number) => {
      if (typeof name === 'string') names.push(name);
      else wrong(`/serviceAccounts/${index}`, name, 'a name');
    });
  }
  if (problems.length > 0 || typeof role !== 'string' || typeof annotateOnly !== 'boolean') return problems;
  return { path, awsIamRole: role, annotateOnly, serviceAccounts: names.length === 0 ? [DEFAULT_SERVICE_ACCOUNT] : [...new Set(names)] };
}

/**
 * Decodes `spec.plugins` as upstream's Go types do: member names in any case (the last wins), `null` is the zero value, unknown
 * members are ignored, a wrong JSON type is an error. Unlike upstream an error blocks only its own entry.
 * Kinds of other clouds are reported as unknown and skipped.
 */
export function decodePlugins(profile: Profile): DecodedPlugins {
  const plugins: AwsIamPlugin[] = [];
  const problems: PluginProblem[] = [];
  (profile.spec?.plugins ?? []).forEach((entry: PluginEntry, index) => {
    const path = `/spec/plugins/${index}`;
    if (entry.kind !== AWS_IAM_PLUGIN) {
      problems.push({
        path: `${path}/kind`,
        reason: 'PluginUnknown',
        message: `plugin kind ${JSON.stringify(entry.kind ?? '')} is not known and is skipped`,
      });
      return;
    }
    const decoded = decodeAwsIam(path, entry.spec);
    if ('awsIamRole' in decoded) plugins.push(decoded);
    else problems.push(...decoded);
  });
  return { plugins, problems };
}
