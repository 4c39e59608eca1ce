import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KubeClient } from '../kube/client/kube-client.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { resources } from '../kube/core/resource.ts';
import { packageRoot } from './package-root.ts';

/** Applies the CRDs of `deploy/crds`, as setup's field manager. */
export async function installCrds(client: KubeClient, signal?: AbortSignal): Promise<void> {
  const folder = join(packageRoot(), 'deploy/crds');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  await Promise.all(
    files.map(async (name) => {
      const crd = parse(await readFile(join(folder, name), 'utf8')) as KubeObject;
      await client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'podrole-setup', force: true }, signal);
    }),
  );
}
