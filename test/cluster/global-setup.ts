import type { TestProject } from 'vitest/node';
import { startControlPlane, stopControlPlane } from '../support/worlds/control-plane.ts';

/** One real control plane for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const plane = await startControlPlane((line) => console.error(`test:cluster: ${line}`));
  if ('skipped' in plane) console.error(`test:cluster: skipped on the real control plane: ${plane.skipped}`);
  project.provide('controlPlane', plane);
  return async () => {
    if ('folder' in plane) await stopControlPlane(plane.folder);
  };
}
