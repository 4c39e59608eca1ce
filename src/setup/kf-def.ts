import { isMap, isSeq, type YAMLMap } from 'yaml';
import type { Problem } from '../base/errors.ts';
import { readYaml, type YamlReader } from './internal/yaml-reader.ts';
import { AUTH_FORMS, OUTSIDE_BLOCKS, type OutsideBlock } from './plugin-members.data.ts';

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

const API_VERSIONS: readonly string[] = ['kfdef.apps.kubeflow.org/v1', 'kfdef.apps.kubeflow.org/v1beta1'];
const CLUSTER_NAME = /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/; // EKS CreateCluster
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/; // RFC 1123 label
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
const SERVED: readonly string[] = ['region', 'enablePodIamPolicy', 'enableNodeGroupLog'];

/**
 * Reads the AWS part of a KfDef: `spec.plugins[kind=KfAwsPlugin].spec` as kfctl 1.0 to 1.2 wrote it. The cluster's name is
 * `--cluster`, else `metadata.name`; the folder that holds the file says nothing. Problems carry `line:column`, all of them at once,
 * and never a value of the file that may be a password.
 */
export function parseKfDef(text: string, options: KfDefOptions = {}): KfDefResult {
  const read = readYaml(text);
  if (!read.ok) return read;
  const { root, reader } = read;
  if (reader.text(root, 'kind') !== 'KfDef') reader.fault(reader.node(root, 'kind'), 'kind must be KfDef');
  if (!API_VERSIONS.includes(reader.text(root, 'apiVersion') ?? ''))
    reader.fault(reader.node(root, 'apiVersion'), `apiVersion must be one of ${API_VERSIONS.join(', ')}`);
  const metadata = reader.map(root, 'metadata');
  const cluster = clusterName(reader, { root, metadata, given: options.cluster });
  const namespace = (metadata && reader.text(metadata, 'namespace')) ?? 'kubeflow';
  if (!NAMESPACE.test(namespace))
    reader.fault(metadata && reader.node(metadata, 'namespace'), `${JSON.stringify(namespace)} is not the name of a namespace`);
  const spec = reader.map(root, 'spec');
  const plugin = spec && awsPlugin(spec);
  if (plugin === undefined) reader.fault(spec ?? root, 'spec.plugins holds no plugin of kind KfAwsPlugin');
  const plugged = plugin && reader.map(plugin, 'spec');
  const region = plugged && reader.text(plugged, 'region');
  if (plugged !== undefined && region !== undefined && !REGION.test(region))
    reader.fault(reader.node(plugged, 'region'), `${JSON.stringify(region)} is not an AWS region, such as us-west-2`);
  const enablePodIamPolicy = (plugged && reader.flag(plugged, 'enablePodIamPolicy')) ?? false;
  const enableNodeGroupLog = (plugged && reader.flag(plugged, 'enableNodeGroupLog')) ?? false;
  const outside = plugged === undefined ? [] : outsideBlocks(reader, plugged);
  if (reader.problems.length > 0 || cluster === undefined) return { ok: false, problems: reader.problems };
  return { ok: true, request: { cluster, region, namespace, enablePodIamPolicy, enableNodeGroupLog, outside } };
}

function clusterName(
  reader: YamlReader,
  { root, metadata, given }: { readonly root: YAMLMap; readonly metadata: YAMLMap | undefined; readonly given: string | undefined },
): string | undefined {
  const cluster = given ?? (metadata && reader.text(metadata, 'name'));
  if (cluster === undefined || cluster === '') {
    reader.fault(metadata ?? root, 'the cluster has no name: give --cluster NAME or metadata.name');
    return undefined;
  }
  if (!CLUSTER_NAME.test(cluster)) {
    const where = given === undefined && metadata !== undefined ? reader.node(metadata, 'name') : (metadata ?? root);
    reader.fault(where, `${JSON.stringify(cluster)} is not a cluster name: letters, digits, - and _, at most 100`);
  }
  return cluster;
}

function awsPlugin(spec: YAMLMap): YAMLMap | undefined {
  const plugins = spec.get('plugins', true);
  if (!isSeq(plugins)) return undefined;
  return plugins.items.find((item): item is YAMLMap => isMap(item) && item.get('kind') === 'KfAwsPlugin');
}

/** Says of every member that is not podrole's whose it is. Each block is looked at, whatever the one before it was. */
function outsideBlocks(reader: YamlReader, spec: YAMLMap): readonly string[] {
  const found: string[] = [];
  for (const { name, key } of reader.keys(spec)) {
    if (SERVED.includes(name)) continue;
    if (name === 'auth') found.push(...authBlock(reader, spec));
    else if (name === 'roles') {
      const roles = reader.texts(spec, 'roles');
      if (roles.length > 0) found.push(`roles: policies of node roles (${roles.join(', ')}) are not podrole's, and pods need none of them`);
    } else if (name === 'managedCluster') {
      if (reader.flag(spec, 'managedCluster') === true)
        found.push("managedCluster: the creation of the cluster is not podrole's, use eksctl");
    } else {
      const block = OUTSIDE_BLOCKS[name];
      if (block === undefined) reader.fault(key, `KfAwsPlugin has no member ${name}`);
      else if (checkBlock(reader, { parent: spec, name, block })) found.push(`${name}: ${block.what} is not podrole's`);
    }
  }
  return found;
}

function authBlock(reader: YamlReader, spec: YAMLMap): readonly string[] {
  const auth = reader.map(spec, 'auth');
  if (auth === undefined) return [];
  const forms: string[] = [];
  for (const { name, key } of reader.keys(auth)) {
    const block = AUTH_FORMS[name];
    if (block === undefined) reader.fault(key, `auth has no member ${name}: it takes ${Object.keys(AUTH_FORMS).join(', ')}`);
    else if (checkBlock(reader, { parent: auth, name, block })) forms.push(`auth.${name}: ${block.what} is not podrole's`);
  }
  if (forms.length > 1) reader.fault(auth, 'auth must have one form of sign-in');
  return forms;
}

/** Whether the block is there; what is wrong with it is told to the reader. */
function checkBlock(
  reader: YamlReader,
  { parent, name, block }: { readonly parent: YAMLMap; readonly name: string; readonly block: OutsideBlock },
): boolean {
  const members = reader.map(parent, name);
  if (members === undefined) return false;
  const { required = [], optional = [] } = block;
  for (const member of required) {
    if (!reader.holds(members, member)) reader.fault(reader.node(members, member), `${name}.${member} is missing or empty`);
  }
  for (const { name: member, key } of reader.keys(members)) {
    if (![...required, ...optional].includes(member)) reader.fault(key, `${name} has no member ${member}`);
  }
  return true;
}
