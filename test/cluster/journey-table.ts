/** Where a journey runs: the worlds it takes, or why it takes none but the sandbox. */
export type Journey = { readonly worlds: 'both' } | { readonly sandboxOnly: string };

const both: Journey = { worlds: 'both' };

/** Every file of test/journeys. A test holds it against the folder: a new journey says here where it runs. */
export const JOURNEYS: Readonly<Record<string, Journey>> = {
  'cli-examples': { sandboxOnly: 'the example is a test that starts a sandbox of its own, and that is what it shows' },
  'cli-sandbox': both,
  'cli-trust': { sandboxOnly: 'documents on the command line, without a cluster and without AWS' },
  credentials: { sandboxOnly: 'a token file and STS alone; with a cluster it is credentials-account' },
  'credentials-account': both,
  'credentials-peers': { sandboxOnly: 'the AWS SDKs beside podrole at a scripted STS: no Kubernetes API in it' },
  'data-dir': { sandboxOnly: 'what `podrole sandbox start --data-dir` keeps; a real control plane keeps its own state' },
  exec: both,
  'existing-cluster': both,
  issuer: {
    sandboxOnly: 'the test signs as API servers do; test/cluster/issuer.test.ts rotates the keys of a real one, which it restarts',
  },
  profile: both,
  'profile-pods': both,
  'profile-shutdown': both,
  'profile-webhook': both,
  sabotage: both,
  'sabotage-identity': both,
  setup: both,
  'setup-permissions': both,
  up: both,
  webhook: both,
  'webhook-certificates': both,
  'webhook-events': both,
  'webhook-explain': both,
  'webhook-in-cluster': both,
  'webhook-overload': { sandboxOnly: 'a read of one account that is held back while hundreds of reviews wait for it' },
  'webhook-perversions': { sandboxOnly: 'an API of its own that forgets, refuses, dawdles and stalls on command' },
  'webhook-readiness': { sandboxOnly: 'certificates in files, on a clock of the test’s: the API has no part in it' },
  'webhook-upstream': both,
  'webhook-workers': { sandboxOnly: 'processes, their port and their deaths: the API has no part in it' },
};

/** Each gives the world of the run. What else `test/support/worlds` exports says of a world, but opens none. */
const OPENERS = 'inWorld|openWorldOfRun|openSecondWorldOfRun|openSeededWorld|openBareCluster|openEmbeddedOfRun|existingCluster|walkWith';
const IMPORT = new RegExp(`^import \\{[^}]*\\b(${OPENERS})\\b[^}]*\\} from '\\.\\./support/worlds/`, 'gm');

/** Whether a journey imports what opens the world of the run, and calls it. */
function opensWorld(text: string): boolean {
  return [...text.matchAll(IMPORT)].some(([, opener = '']) => text.includes(`${opener}(`));
}

/** What is wrong with a table, for the files that there are, by name without `.test.ts`. */
export function journeyProblems(table: Readonly<Record<string, Journey>>, files: ReadonlyMap<string, string>): readonly string[] {
  const problems: string[] = [];
  for (const [name, text] of files) {
    const journey = table[name];
    const mentionsWorld = /from '\.\.\/support\/worlds\//.test(text);
    if (journey === undefined) problems.push(`${name}: neither takes a world nor says why not`);
    else if ('worlds' in journey && !opensWorld(text)) problems.push(`${name}: listed for both worlds, but takes none`);
    else if ('sandboxOnly' in journey && mentionsWorld) problems.push(`${name}: takes a world, but is listed for the sandbox alone`);
    else if ('sandboxOnly' in journey && journey.sandboxOnly.length < 20) problems.push(`${name}: its reason says nothing`);
  }
  for (const name of Object.keys(table)) if (!files.has(name)) problems.push(`${name}: listed, but there is no such journey`);
  return problems;
}
