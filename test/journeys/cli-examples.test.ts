import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bareEnvironment, root } from '../support/run-podrole.ts';

describe('the examples', () => {
  it('of a test against the sandbox passes, all of it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'podrole-example-'));
    try {
      const file = join(root, 'examples/sandbox-test/assume-role.test.mjs');
      const env = { ...bareEnvironment(home), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
      const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], { env, cwd: root });
      expect(stdout).toMatch(/^# pass 4$/m);
      expect(stdout).toMatch(/^# fail 0$/m);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
