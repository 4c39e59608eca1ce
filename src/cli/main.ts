#!/usr/bin/env node
import { VERSION } from '../base/version.ts';

const argv = process.argv.slice(2);
// Answered before anything else is loaded: scripts ask for it often.
if (argv.length === 1 && (argv[0] === 'version' || argv[0] === '--version')) {
  process.stdout.write(`podrole ${VERSION}\n`);
} else {
  const env = { ...process.env };
  // The SDK is bundled and pinned: what it wants to tell about Node versions is for whoever builds podrole, not for whoever runs it.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { runCommandLine } = await import('./command-line.ts');
  const { createSignals } = await import('./signals.ts');
  const { readFile } = await import('node:fs/promises');
  const { text } = await import('node:stream/consumers');
  // Every call under way listens to the process's one signal: more than the ten from which on Node suspects a leak.
  (await import('node:events')).default.setMaxListeners(1_000);
  const ending = new AbortController();
  const signals = createSignals({
    source: process,
    onFirst: (name) => ending.abort(name),
    // The second one does not wait for anybody.
    onAgain: () => process.exit(130),
  });
  // The reader has gone (`podrole … | head -1`): nobody is left to tell, but what runs is still ended in order.
  const writer = (stream: NodeJS.WriteStream): ((data: string) => void) => {
    let gone = false;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      gone = true;
      ending.abort('EPIPE');
    });
    return (data) => {
      if (!gone) stream.write(data);
    };
  };
  process.exitCode = await runCommandLine(argv, {
    env,
    programName: (process.argv[1] ?? '').includes('kubectl-podrole') ? 'kubectl podrole' : 'podrole',
    isTty: process.stdout.isTTY === true,
    interactive: process.stdin.isTTY === true,
    out: writer(process.stdout),
    err: writer(process.stderr),
    signal: ending.signal,
    takeSignals: signals.take,
    readText: (file) => (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
  });
}
