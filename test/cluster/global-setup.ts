import type { TestProject } from 'vitest/node';
import { prepareControlPlanes, removeControlPlanes } from '../support/worlds/control-plane.ts';

/** Makes sure of the binaries. Each worker starts one real control plane for all of its files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const planes = await prepareControlPlanes((line) => console.error(`test:cluster: ${line}`));
  if ('skipped' in planes) console.error(`test:cluster: skipped on the real control plane: ${planes.skipped}`);
  project.provide('controlPlanes', planes);
  return async () => {
    if ('folder' in planes) await removeControlPlanes(planes.folder);
  };
}
