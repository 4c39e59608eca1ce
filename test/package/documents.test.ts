import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, type Running, root, startPodrole } from '../support/run-podrole.ts';

const run = promisify(execFile);
const RUNNABLE = /<!-- run in a sandbox -->\n```sh\n([\s\S]*?)```/g;
/** The first word behind `podrole` in a block or a span of code. */
const COMMAND = /(?:^|\s)podrole ([a-z][a-z-]*)/gm;
const CODE = /```[\s\S]*?```|`[^`\n]+`/g;

interface Page {
  readonly file: string;
  readonly text: string;
}

async function pages(): Promise<readonly Page[]> {
  const docs = (await readdir(join(root, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return Promise.all(['README.md', ...docs].map(async (file) => ({ file, text: await readFile(join(root, file), 'utf8') })));
}

describe('the documents', () => {
  let home: string;
  let sandbox: Running;
  let env: Record<string, string>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-docs-'));
    await writeFile(join(home, 'podrole'), `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`);
    await chmod(join(home, 'podrole'), 0o755);
    sandbox = startPodrole(['sandbox', 'start', '--with', 'seed', '-o', 'json'], { home });
    const ready = JSON.parse(await sandbox.line((line) => line.includes('"SandboxReady"'))) as { env: Record<string, string> };
    const { AWS_ROLE_ARN: _, AWS_WEB_IDENTITY_TOKEN_FILE: __, ...found } = ready.env;
    env = { ...found, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', PATH: `${home}:${process.env.PATH}`, HOME: home };
  });
  afterAll(async () => {
    sandbox.child.kill('SIGTERM');
    await sandbox.ended;
    await rm(home, { recursive: true, force: true });
  });

  it('show commands that do what they say', async () => {
    const blocks = (await pages()).flatMap(({ file, text }) => [...text.matchAll(RUNNABLE)].map(([, block = '']) => ({ file, block })));
    expect(blocks.length).toBeGreaterThan(1);
    for (const { file, block } of blocks) {
      await run('bash', ['--norc', '--noprofile', '-euo', 'pipefail', '-c', block], { cwd: root, env }).catch(
        (error: { stderr: string }) => {
          throw new Error(`${file}:\n${block}\n${error.stderr}`);
        },
      );
    }
  });

  it('name no command that is not built', async () => {
    const { stdout } = await run('podrole', ['--help'], { env });
    const built = new Set([...stdout.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name));
    // The reference is the help itself, prose and all.
    const written = (await pages()).filter(({ file }) => file !== 'docs/reference/cli.md');
    const named = written.flatMap(({ file, text }) =>
      [...text.matchAll(CODE)].flatMap(([code]) => [...code.replace(/^`+/, '').matchAll(COMMAND)].map(([, name = '']) => ({ file, name }))),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ name }) => !built.has(name))).toEqual([]);
    const readme = written.find(({ file }) => file === 'README.md')?.text ?? '';
    expect([...built].filter((name) => !readme.includes(`podrole ${name}`))).toEqual([]);
  });

  it('link to files that exist', async () => {
    const links = (await pages()).flatMap(({ file, text }) =>
      [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => ({ file, target: join(root, file, '..', target) })),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(({ target }) => !existsSync(target))).toEqual([]);
  });

  it('draw every room of src/', async () => {
    const architecture = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8');
    const rooms = (await readdir(join(root, 'src'), { withFileTypes: true })).filter(
      (entry) => entry.isDirectory() && entry.name !== 'kube',
    );
    expect(rooms.map(({ name }) => name).filter((name) => !architecture.includes(`\n  ${name}/`))).toEqual([]);
  });
});
