import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { installCrds } from '../../../src/app/crds.ts';
import { goProgram } from '../../support/worlds/control-plane.ts';
import { inWorld } from '../../support/worlds/world.ts';

/** A real garbage collector learns of a new kind of owner every 30 seconds. */
const LIMIT_MS = 240_000;

const built = await goProgram('controller-runtime');
/** As a real control plane has it. */
const observations = readFileSync(join(import.meta.dirname, 'controller-runtime.txt'), 'utf8')
  .trimEnd()
  .split('\n');

inWorld('controller-runtime', (world) => {
  beforeAll(() => installCrds(world().kubeClient()));

  it.skipIf('skipped' in built)(
    'a manager with cache, index, leader election, owned objects, events, webhooks and server-side apply',
    async () => {
      const program = 'program' in built ? built.program : '';
      const { sandbox } = world();
      const env = {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        KUBECONFIG: sandbox.kubeconfig,
        ISSUER: sandbox.issuer,
        AWS_REGION: sandbox.region,
        AWS_ENDPOINT_URL: sandbox.awsEndpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      };
      const { stdout } = await promisify(execFile)(program, ['walk', `walk-${randomBytes(3).toString('hex')}`], { env });
      expect(stdout.trimEnd().split('\n')).toEqual(observations);
    },
    LIMIT_MS,
  );
});
