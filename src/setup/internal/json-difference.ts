import { isJsonObject } from '../../base/json.ts';

const MOST = 20;

/** JSON pointers at which two JSON texts differ, the first twenty; the whole document (`/`) when one of them is not JSON. */
export function differingPaths(before: string, after: string): readonly string[] {
  const paths: string[] = [];
  try {
    collect(JSON.parse(before), JSON.parse(after), { path: '', paths });
  } catch {
    return ['/'];
  }
  return paths.slice(0, MOST);
}

function collect(before: unknown, after: unknown, { path, paths }: { readonly path: string; readonly paths: string[] }): void {
  if (paths.length > MOST || Object.is(before, after)) return;
  const [first, second] = [membersOf(before), membersOf(after)];
  if (first === undefined || second === undefined || Array.isArray(before) !== Array.isArray(after)) {
    paths.push(path === '' ? '/' : path);
    return;
  }
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const escaped = name.replace(/~/g, '~0').replace(/\//g, '~1');
    collect(first[name], second[name], { path: `${path}/${escaped}`, paths });
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (Array.isArray(value)) return { ...value } as unknown as Readonly<Record<string, unknown>>;
  return isJsonObject(value) ? value : undefined;
}
