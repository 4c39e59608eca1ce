import { readFileSync } from 'node:fs';

const SAMPLES = new URL('./samples/', import.meta.url);

/** How the index describes a sample. */
export interface Recorded {
  readonly file: string;
  readonly request: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly contentType?: string;
}

const index: readonly Recorded[] = JSON.parse(readFileSync(new URL('index.json', SAMPLES), 'utf8'));

/** A sample by its file name. */
export function recorded(file: string): { readonly entry: Recorded; readonly body: string } {
  const entry = index.find((candidate) => candidate.file === file);
  if (!entry) throw new Error(`no sample ${file}`);
  return { entry, body: readFileSync(new URL(file, SAMPLES), 'utf8') };
}

/** A text without what differs between any two runs of even the same server: identities, times, revisions, random suffixes, keys. */
export function normal(text: string): string {
  return text
    .trimEnd()
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (uid) => (uid.startsWith('00000000') ? uid : 'UID'))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z/g, 'TIME')
    .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"RV"')
    .replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-SUFFIX')
    .replace(/eyJhbGciOi[\w-]*\.[\w-]*\.[\w-]*/g, 'TOKEN')
    .replace(
      /"continue":"(ey[\w-]+)"/g,
      (_all, token: string) => `"continue":${atob(token.replaceAll('-', '+').replaceAll('_', '/')).replace(/"rv":\d+/, '"rv":RV')}`,
    )
    .replace(/(too old resource version): \d+ \(\d+\)/g, '$1: RV (RV)')
    .replace(/(Too large resource version: \d+, current): \d+/g, '$1: RV')
    .replace(/"cells":\["default","[^"]*"\]/g, '"cells":["default","AGE"]')
    .replace(/"kid":"[\w-]{43}"/g, '"kid":"KID"')
    .replace(/"n":"[\w-]+"/g, '"n":"N"')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT');
}
