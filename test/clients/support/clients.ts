import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Answer, alike, type Client, lineClient, type Prepared } from './client.ts';
import { built, compile, tool } from './toolchain.ts';

const drivers = join(import.meta.dirname, '../drivers');

/** AWS SDK for JavaScript v3, from the project's own packages. */
export async function javascript(): Promise<Prepared> {
  return { start: (env) => lineClient(process.execPath, [join(drivers, 'javascript.mjs')], env) };
}

const requirements = join(drivers, 'requirements.txt');

async function python(): Promise<{ readonly bin: string } | { readonly skipped: string }> {
  const venv = await built('python', [requirements], async (folder) => {
    await tool('python3', ['-m', 'venv', folder]);
    await tool(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  });
  return 'skipped' in venv ? venv : { bin: join(venv.folder, 'bin') };
}

export async function boto3(): Promise<Prepared> {
  const venv = await python();
  if ('skipped' in venv) return venv;
  return { start: (env) => lineClient(join(venv.bin, 'python'), [join(drivers, 'boto3_driver.py')], env) };
}

export async function awsCli(): Promise<Prepared> {
  const venv = await python();
  return 'skipped' in venv ? venv : { start: (env) => cliClient(join(venv.bin, 'aws'), env) };
}

export const go = (): Promise<Prepared> => goDriver('go');

/** The SDK of controllers built before 2025. */
export const goV1 = (): Promise<Prepared> => goDriver('go-v1');

async function goDriver(name: string): Promise<Prepared> {
  const files = ['main.go', 'go.mod', 'go.sum'].map((file) => join(drivers, name, file));
  const program = await built(name, files, async (folder) => {
    const options = { cwd: join(drivers, name), env: { GOFLAGS: '-mod=readonly' } };
    await tool('go', ['mod', 'download'], options);
    await compile('go', ['build', '-o', join(folder, 'driver'), '.'], options);
  });
  return 'skipped' in program ? program : { start: (env) => lineClient(join(program.folder, 'driver'), [], env) };
}

export async function java(): Promise<Prepared> {
  const source = join(drivers, 'java/Driver.java');
  const pom = join(drivers, 'java/pom.xml');
  const classes = await built('java', [source, pom], async (folder) => {
    await copyFile(pom, join(folder, 'pom.xml'));
    await tool('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], { cwd: folder });
    await mkdir(join(folder, 'classes'));
    await compile('javac', ['-d', 'classes', '-cp', 'lib/*', source], { cwd: folder });
  });
  if ('skipped' in classes) return classes;
  const classpath = [join(classes.folder, 'classes'), join(classes.folder, 'lib/*')].join(':');
  return { start: (env) => lineClient('java', ['-XX:TieredStopAtLevel=1', '-cp', classpath, 'Driver'], env) };
}

/** The AWS CLI: a process for every call. */
function cliClient(aws: string, env: Readonly<Record<string, string>>): Client {
  return {
    call: (service, operation, input = {}) =>
      new Promise<Answer>((resolve) => {
        const args = [service, kebab(operation), '--cli-input-json', JSON.stringify(input), '--output', 'json', '--no-paginate'];
        execFile(aws, args, { env }, (error, stdout, stderr) => {
          if (error === null) resolve(alike({ ok: true, output: stdout.trim() === '' ? {} : JSON.parse(stdout) }));
          else resolve(alike({ ok: false, ...cliError(stderr) }));
        });
      }),
    close: () => undefined,
  };
}

function cliError(stderr: string): { readonly code: string; readonly message: string } {
  const [, code = 'unknown', message = stderr] =
    /An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: ([\s\S]*)/.exec(stderr) ?? [];
  return { code, message: message.trim() };
}

const kebab = (operation: string): string =>
  operation
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
