import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../support/run-podrole.ts';

/** A manifest as it is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [member: string]: unknown;
}

/** Everything that `kubectl apply -k deploy` sends, read without kustomize: these kustomizations list resources and nothing else. */
export function shippedManifests(): Promise<readonly Manifest[]> {
  return manifestsOf(join(root, 'deploy'));
}

async function manifestsOf(place: string): Promise<readonly Manifest[]> {
  if (!(await stat(place)).isDirectory()) return documentsOf(await readFile(place, 'utf8'));
  const [kustomization] = documentsOf(await readFile(join(place, 'kustomization.yaml'), 'utf8'));
  const {
    apiVersion: _,
    kind: __,
    resources,
    ...more
  } = (kustomization ?? {}) as { readonly resources?: readonly string[]; readonly [member: string]: unknown };
  if (resources === undefined || Object.keys(more).length > 0)
    throw new Error(`${place}: a kustomization that does more than list resources`);
  return (await Promise.all(resources.map((name) => manifestsOf(join(place, name))))).flat();
}

/** The documents of a YAML text. */
export function documentsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}
