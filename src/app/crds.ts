import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KubeClient } from '../kube/client/kube-client.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { resources } from '../kube/core/resource.ts';
import { packageRoot } from './package-root.ts';

/** Parsing is a good part of a sandbox's start, and the shipped files do not change. */
let shipped: Promise<readonly KubeObject[]> | undefined;

/** Applies the CRDs of `deploy/crds`, as setup's field manager. */
export async function installCrds(client: KubeClient, signal?: AbortSignal): Promise<void> {
  const crds = await shippedCrds();
  await Promise.all(
    crds.map((crd) => client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'podrole-setup', force: true }, signal)),
  );
}

/** The CRDs of `deploy/crds`. */
export function shippedCrds(): Promise<readonly KubeObject[]> {
  shipped ??= readCrds();
  return shipped;
}

async function readCrds(): Promise<readonly KubeObject[]> {
  const folder = join(packageRoot(), 'deploy/crds');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  return Promise.all(files.map(async (name) => parse(await readFile(join(folder, name), 'utf8')) as KubeObject));
}
