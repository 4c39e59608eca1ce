/** Which folder may import which, and which packages. The table is closed: a folder that is missing from it fails. `test/architecture/layers.test.ts` holds the tree against it. */
export interface Layer {
  readonly folder: string;
  /** Folders besides itself. */
  readonly imports: readonly string[];
  /** Packages; `node:*` stands for every module of Node. */
  readonly packages: readonly string[];
  /** Folders of which types alone may be imported. */
  readonly types?: readonly string[];
  /** Neither Node, the network, the clock, randomness, the environment nor the console. */
  readonly pure?: boolean;
}

const FEATURE = ['base', 'iam', 'oidc', 'identity', 'kube/core', 'kube/runtime'];

export const layers: readonly Layer[] = [
  { folder: 'base', imports: [], packages: ['valibot'], pure: true },
  { folder: 'iam', imports: ['base'], packages: ['valibot'], pure: true },
  { folder: 'kube/core', imports: ['base'], packages: ['valibot'], pure: true },
  { folder: 'oidc', imports: ['base'], packages: ['jose', 'valibot'], pure: true },
  { folder: 'identity', imports: ['base', 'iam', 'oidc', 'kube/core'], packages: ['valibot'], pure: true },
  {
    folder: 'host',
    imports: ['base'],
    packages: ['node:*', 'pino', 'prom-client', '@hono/node-server', '@peculiar/x509', 'reflect-metadata'],
  },
  { folder: 'kube/client', imports: ['base', 'kube/core'], packages: ['node:*', 'undici', '@kubernetes/client-node'] },
  { folder: 'kube/runtime', imports: ['base', 'kube/core'], types: ['kube/client'], packages: [], pure: true },
  { folder: 'aws', imports: ['base', 'iam'], packages: ['@aws-sdk/*', '@smithy/*'] },
  { folder: 'webhook', imports: FEATURE, packages: ['valibot', 'lru-cache'], pure: true },
  { folder: 'profile', imports: FEATURE, packages: ['valibot', 'yaml', 'hono'], pure: true },
  { folder: 'issuer', imports: FEATURE, packages: ['valibot'], pure: true },
  { folder: 'setup', imports: FEATURE, packages: ['valibot', 'yaml'], pure: true },
  { folder: 'credentials', imports: ['base'], types: ['oidc'], packages: ['node:*'] },
  {
    folder: 'sandbox',
    imports: ['base', 'iam', 'oidc', 'kube/core', 'host'],
    packages: ['node:*', 'hono', 'jose', 'fast-xml-parser', 'rfc6902', 'yaml', '@smithy/signature-v4', '@marcbachmann/cel-js'],
  },
  {
    // What runs inside a sandbox pod is a user's program: it knows the SDK and nothing of podrole.
    folder: 'sandbox/kubelet/workload',
    imports: [],
    packages: ['node:*', '@aws-sdk/*'],
  },
  {
    folder: 'app',
    imports: [
      'base',
      'iam',
      'oidc',
      'identity',
      'host',
      'kube/core',
      'kube/client',
      'kube/runtime',
      'aws',
      'webhook',
      'profile',
      'setup',
      'issuer',
      'credentials',
      'sandbox',
    ],
    packages: ['node:*', 'yaml'],
  },
  {
    folder: 'cli',
    imports: ['app', 'base'],
    packages: ['node:*', 'commander', '@bomb.sh/tab', '@clack/prompts', 'picocolors', 'yaml', 'diff'],
  },
  // The library door: explicit named re-exports.
  { folder: '', imports: ['iam', 'oidc', 'base'], packages: [] },
];

/** Words that a pure folder must not say, with what to do instead. */
export const impurities: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)/, instead: 'take `now` as an argument' },
  { pattern: /\bMath\.random\(|\brandomUUID\(|\bgetRandomValues\(/, instead: 'take the random source as an argument' },
  { pattern: /(?<![.\w])fetch\(/, instead: 'declare a port' },
  { pattern: /\bprocess\.|\bglobalThis\.process\b/, instead: 'take the value as an argument' },
  { pattern: /(?<![.\w])console\./, instead: 'take a Log' },
  { pattern: /(?<![.\w])(setTimeout|setInterval|setImmediate)\(/, instead: 'take a Clock' },
  { pattern: /\bperformance\.now\(/, instead: 'take a Clock' },
];
