import events from 'node:events';
import { runSandbox, type SandboxFacts } from '../../../src/app/run-sandbox.ts';
import { startPodrole } from '../run-podrole.ts';
import { existingCluster } from './world.ts';

/** The seed's page, set up and walked to the point where user-a's service account is trusted. */
export interface SeededWorld {
  readonly facts: SandboxFacts;
  close(): Promise<void>;
}

/**
 * Opens it on the cluster of this run: in the sandbox by `podrole sandbox start --with seed`, as users do; on a real control plane the same
 * servers, with the sandbox's AWS, come to it from this process.
 */
export async function openSeededWorld(home: string): Promise<SeededWorld> {
  const existing = existingCluster();
  if (existing !== undefined) {
    const { signal } = new AbortController();
    // As in the command line: every request of the setup listens.
    events.setMaxListeners(1_000, signal);
    return runSandbox(
      {
        account: '111122223333',
        region: 'us-west-2',
        cluster: 'demo',
        adminKey: { accessKeyId: 'test', secretAccessKey: 'test' },
        port: 0,
        awsTls: false,
        logTo: undefined,
        seed: true,
        existing,
      },
      signal,
    );
  }
  const running = startPodrole(['sandbox', 'start', '--with', 'seed', '-o', 'json'], { home });
  const facts = JSON.parse(await running.line((line) => line.includes('"SandboxReady"'))) as SandboxFacts;
  return {
    facts,
    close: async () => {
      running.child.kill('SIGTERM');
      const { code, stderr } = await running.ended;
      if (code !== 0) throw new Error(`the sandbox ended with ${code}: ${stderr}`);
    },
  };
}
