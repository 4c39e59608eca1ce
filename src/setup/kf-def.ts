import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../base/errors.ts';

/** What a KfDef asks of podrole. */
export interface SetupRequest {
  readonly cluster: string;
  /** The plugin's `region`; absent: the caller's. */
  readonly region: string | undefined;
  /** Where the control plane's service accounts live. */
  readonly namespace: string;
  readonly enablePodIamPolicy: boolean;
  readonly enableNodeGroupLog: boolean;
  /** Blocks of the file that lie outside IAM for service accounts: named, never ignored in silence. */
  readonly outside: readonly string[];
}

export type KfDefResult =
  | { readonly ok: true; readonly request: SetupRequest }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface KfDefOptions {
  /** `--cluster`, which beats the file's `metadata.name`. */
  readonly cluster?: string | undefined;
}

const API_VERSIONS: ReadonlySet<string> = new Set(['kfdef.apps.kubeflow.org/v1', 'kfdef.apps.kubeflow.org/v1beta1']);
const CLUSTER_NAME = /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/; // EKS CreateCluster
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 64;

/** Members of the plugin's spec that podrole serves, and those that are somebody else's with a word on whose. */
const SERVED: ReadonlySet<string> = new Set(['region', 'enablePodIamPolicy', 'enableNodeGroupLog']);
const OUTSIDE: Readonly<Record<string, string>> = {
  auth: 'sign-in of the Kubeflow dashboard',
  roles: 'policies of node roles',
  managedCluster: 'creation of the cluster',
  managedRelationDatabase: 'the external database',
  managedObjectStorage: 'the external object storage',
};

/**
 * Reads the AWS part of a KfDef: `spec.plugins[kind=KfAwsPlugin].spec` as kfctl 1.0 to 1.2 wrote it. The cluster's name is
 * `--cluster`, else `metadata.name`; the folder that holds the file says nothing. Problems carry `line:column`, all of them at once.
 */
export function parseKfDef(text: string, options: KfDefOptions = {}): KfDefResult {
  if (text.length > MAX_BYTES) return { ok: false, problems: [{ path: '', message: `the file is larger than ${MAX_BYTES / 1024} KiB` }] };
  if (nestedTooDeep(text)) return { ok: false, problems: [{ path: '', message: `the file nests deeper than ${MAX_DEPTH} levels` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 0, uniqueKeys: true } as object);
  const at = (node: unknown): string => {
    const range = (node as Node | null | undefined)?.range;
    if (range === undefined || range === null) return '1:1';
    const { line, col } = lines.linePos(range[0]);
    return `${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { path: `${line}:${col}`, message: (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '') };
      }),
    };
  }
  const reader = new Reader(at);
  const root = document.contents;
  if (!isMap(root)) return { ok: false, problems: [{ path: '1:1', message: 'the file is not a KfDef: it holds no mapping' }] };
  if (reader.text(root, 'kind') !== 'KfDef') reader.fault(root.get('kind', true) ?? root, 'kind must be KfDef');
  const apiVersion = reader.text(root, 'apiVersion');
  if (apiVersion === undefined || !API_VERSIONS.has(apiVersion)) {
    reader.fault(root.get('apiVersion', true) ?? root, `apiVersion must be one of ${[...API_VERSIONS].join(', ')}`);
  }
  const metadata = reader.map(root, 'metadata');
  const cluster = options.cluster ?? (metadata && reader.text(metadata, 'name'));
  if (cluster === undefined || cluster === '')
    reader.fault(metadata ?? root, 'the cluster has no name: give --cluster NAME or metadata.name');
  else if (!CLUSTER_NAME.test(cluster))
    reader.fault(metadata ?? root, `${JSON.stringify(cluster)} is not a cluster name: letters, digits, - and _, at most 100`);
  const spec = reader.map(root, 'spec');
  const plugin = spec && awsPlugin(spec);
  if (plugin === undefined) reader.fault(spec ?? root, 'spec.plugins holds no plugin of kind KfAwsPlugin');
  const pluginSpec = plugin && reader.map(plugin, 'spec');
  const region = pluginSpec && reader.text(pluginSpec, 'region');
  if (region !== undefined && !REGION.test(region))
    reader.fault(pluginSpec?.get('region', true), `${JSON.stringify(region)} is not an AWS region, such as us-west-2`);
  const enablePodIamPolicy = (pluginSpec && reader.flag(pluginSpec, 'enablePodIamPolicy')) ?? false;
  const enableNodeGroupLog = (pluginSpec && reader.flag(pluginSpec, 'enableNodeGroupLog')) ?? false;
  const outside = pluginSpec === undefined ? [] : reader.outside(pluginSpec);
  if (reader.problems.length > 0 || cluster === undefined) return { ok: false, problems: reader.problems };
  return {
    ok: true,
    request: {
      cluster,
      region,
      namespace: (metadata && reader.text(metadata, 'namespace')) ?? 'kubeflow',
      enablePodIamPolicy,
      enableNodeGroupLog,
      outside,
    },
  };
}

function awsPlugin(spec: YAMLMap): YAMLMap | undefined {
  const plugins = spec.get('plugins', true);
  if (!isSeq(plugins)) return undefined;
  return plugins.items.find((item): item is YAMLMap => isMap(item) && item.get('kind') === 'KfAwsPlugin');
}

/** Nesting costs a YAML parser dearly, so it is bounded before one sees the text. */
function nestedTooDeep(text: string): boolean {
  let flow = 0;
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (indent > MAX_DEPTH * 4 || /^(\s*-){65}/.test(line)) return true;
    for (const letter of line) {
      if (letter === '[' || letter === '{') flow += 1;
      else if (letter === ']' || letter === '}') flow -= 1;
      if (flow > MAX_DEPTH) return true;
    }
  }
  return false;
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #at: (node: unknown) => string;

  constructor(at: (node: unknown) => string) {
    this.#at = at;
  }

  fault(node: unknown, message: string): void {
    this.problems.push({ path: this.#at(node), message });
  }

  map(parent: YAMLMap, key: string): YAMLMap | undefined {
    const node = parent.get(key, true) as unknown;
    if (node === undefined || (isScalar(node) && node.value === null)) return undefined;
    if (isMap(node)) return node;
    this.fault(node, `${key} must be a mapping`);
    return undefined;
  }

  text(parent: YAMLMap, key: string): string | undefined {
    const value = this.#scalar(parent, key);
    if (value === undefined || typeof value === 'string') return value;
    this.fault(parent.get(key, true), `${key} must be a text`);
    return undefined;
  }

  flag(parent: YAMLMap, key: string): boolean | undefined {
    const value = this.#scalar(parent, key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fault(parent.get(key, true), `${key} must be true or false`);
    return undefined;
  }

  outside(spec: YAMLMap): readonly string[] {
    const found: string[] = [];
    for (const { key } of spec.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (SERVED.has(name)) continue;
      const whose = OUTSIDE[name];
      if (whose === undefined) this.fault(key, `KfAwsPlugin has no member ${name}`);
      else found.push(`${name}: ${whose} is not podrole's`);
    }
    return found;
  }

  #scalar(parent: YAMLMap, key: string): unknown {
    const node = parent.get(key, true) as unknown;
    if (node === undefined) return undefined;
    if (isScalar(node)) return node.value === null ? undefined : node.value;
    this.fault(node, `${key} must be a single value`);
    return undefined;
  }
}
